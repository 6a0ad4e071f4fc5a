"""`reprise audit verify`: compares the files of an export, or the log itself, with what was signed of them."""

import getpass
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from cli.client import Document
from schemas.errors import BadInput, DependencyDown

if TYPE_CHECKING:
    from persistence.chain import Tip
    from persistence.exports.verifying import Report
    from persistence.proving import Proved
    from persistence.signing import PublicKeys
    from schemas.settings import Settings

STREAM = "stream"
"""Where checkpoints are, if it is no file."""


class Files(NamedTuple):
    """An export: its rows, the heads of its trails, and the signed manifest."""

    rows: Path
    heads: Path
    manifest: Path

    @classmethod
    def of(cls, rows: Path) -> "Files":
        """By the names that `reprise audit export` gives them."""
        return cls(rows, rows.with_name(f"{rows.name}.heads"), rows.with_name(f"{rows.name}.manifest.json"))


def manifest_of(file: Path) -> Document:
    """What the file has. Raises BadInput where it has none."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise BadInput("manifest", f"{file} cannot be read ({error}); name another with --manifest") from None
    if not isinstance(found, dict):
        raise BadInput("manifest", f"{file} is no manifest of an export")
    return found


def public_keys(given: Sequence[str]) -> "PublicKeys":
    """Those that were given (ed25519:…, or files of them), else those of the signing key that is set here.

    Raises BadInput where there is none.
    """
    from cli.local import settings_here
    from persistence.signing import PublicKeys, Signer

    texts = [line for each in given for line in _texts(each)]
    if not given and (signer := Signer.of(settings_here())) is not None:
        texts = list(signer.public)
    if not texts:
        raise BadInput("public-key", "none is known here; give what `reprise audit key public` prints")
    return PublicKeys(texts)


def check(
    files: Files,
    manifest: Document,
    keys: "PublicKeys",
    progress: Callable[[int], None],
    write_head: Callable[[bytes], Any] | None = None,
) -> "Report":
    """What differs. With `write_head` the heads are made from the rows, and not compared with a file of them.

    Raises BadInput where the rows cannot be read.
    """
    from persistence.exports.verifying import Sources, verify

    with ExitStack() as stack:
        try:
            rows = stack.enter_context(files.rows.open("rb"))
            compared = write_head is None and files.heads.exists()
            heads = stack.enter_context(files.heads.open("rb")) if compared else None
        except OSError as error:
            raise BadInput("file", f"{error.filename} cannot be read: {error.strerror}") from None
        return verify(Sources(rows, heads), manifest, keys, progress, write_head or (lambda _: None))


async def check_log(
    where: str | None, archives: Sequence[Path], keys: "PublicKeys", progress: Callable[[int], None]
) -> "Proved":
    """The log of the database that is set here against checkpoints: those of a file, or of the stream.

    `archives`: files of trails that left it. What came of it is kept in that database, where it lets itself be written.

    Raises BadSettings, NotFound where none was ever taken, BadInput for a file that cannot be read, DependencyDown.
    """
    from cli.local import settings_here
    from persistence.proving import compare

    settings, begun = settings_here().required("database_url"), time.monotonic()
    place = where or (str(settings.checkpoint_file) if settings.checkpoint_file else STREAM)
    entries = _in_stream(settings) if place == STREAM else _in_file(Path(place))
    proved = await compare(settings.database_url, place, entries, keys, _archived(archives, keys), progress)
    await _record(settings, proved, time.monotonic() - begun)
    return proved


async def _record(settings: "Settings", proved: "Proved", seconds: float) -> None:
    """A replica, or one who may only read, takes nothing: what was found holds all the same."""
    from persistence import verifications
    from persistence.engine import make_engine

    engine = make_engine(settings.database_url, pool_size=1)
    try:
        await verifications.record(engine, f"operator:{getpass.getuser()}", proved, seconds)
    except DependencyDown as error:
        print(f"That it was verified is not kept: {error}", file=sys.stderr)
    finally:
        await engine.dispose()


def _archived(archives: Sequence[Path], keys: "PublicKeys") -> "dict[UUID, Tip]":
    """Where the trails in them end. Raises BadInput for one that cannot be believed."""
    from persistence.exports.archives import ends

    found: dict[UUID, Tip] = {}
    for files in map(Files.of, archives):
        found |= ends(files.heads, manifest_of(files.manifest), keys)
    return found


async def _in_stream(settings: "Settings") -> AsyncIterator[bytes]:
    from bus import checkpoints
    from bus.connection import connected, jetstream

    async with connected(settings.required("nats_url"), "audit verify") as client:
        async for entry in checkpoints.read(jetstream(client)):
            yield entry


async def _in_file(file: Path) -> AsyncIterator[bytes]:
    try:
        with file.open("rb") as lines:
            for line in lines:
                yield line
    except OSError as error:
        raise BadInput("checkpoints", f"{file} cannot be read: {error.strerror}") from None


def _texts(given: str) -> list[str]:
    if given.startswith("ed25519:"):
        return [given]
    try:
        return [line for line in Path(given).read_text().splitlines() if line.strip()]
    except OSError as error:
        raise BadInput(
            "public-key", f"{given} is neither a key (ed25519:…) nor a file of keys: {error.strerror}"
        ) from None
