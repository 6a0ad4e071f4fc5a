"""`reprise audit verify FILE`: reads the files of an export, and says what differs from what was signed."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.client import Document
from schemas.errors import BadInput

if TYPE_CHECKING:
    from persistence.exports.verifying import Report
    from persistence.signing import PublicKeys


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


def _texts(given: str) -> list[str]:
    if given.startswith("ed25519:"):
        return [given]
    try:
        return [line for line in Path(given).read_text().splitlines() if line.strip()]
    except OSError as error:
        raise BadInput(
            "public-key", f"{given} is neither a key (ed25519:…) nor a file of keys: {error.strerror}"
        ) from None
