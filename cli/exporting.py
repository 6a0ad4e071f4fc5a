"""Receives an export: into a file that has its name only once every row of it is there and agrees with its manifest."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from cli.client import Client, Document
from cli.verifying import Files, check
from schemas.errors import Conflict, Refused

if TYPE_CHECKING:
    from persistence.exports.verifying import Report


class Received(NamedTuple):
    """An export that is whole, as it was signed. `report`: whether its rows agree by themselves."""

    files: Files
    manifest: Document
    report: "Report"


def to_file(client: Client, file: Path, query: dict[str, Any], progress: Callable[[int], None]) -> Received:
    """The export as FILE, FILE.heads and FILE.manifest.json, verified.

    Until it is whole it has other names, which are removed where it fails. Rows that were tampered with in the log are
    no failure of the export: they are kept as they are, and reported. Raises Conflict where a file has the name
    already, Refused where what came is not what was signed, and what a request raises.
    """
    with conclude(file) as (partial, settle):
        manifest = _received(client, partial, query)
        report = _verified(client, partial, manifest, progress)
        settle()
    return Received(Files.of(file), manifest, report)


@contextmanager
def conclude(file: Path) -> Iterator[tuple[Files, Callable[[], None]]]:
    """Names to write the files of an export under, and what gives them their own: else they are removed at the end.

    Raises Conflict where a file has the name already.
    """
    wanted = Files.of(file)
    for name in wanted:
        if name.exists():
            raise Conflict(f"{name} exists already; move it, or name another with --output")
    partial = Files(*(name.with_name(f".{name.name}.part") for name in wanted))

    def settle() -> None:
        for made, name in zip(partial, wanted, strict=True):
            made.replace(name)
        write_directory(file.absolute().parent)

    try:
        yield partial, settle
    finally:
        for made in partial:
            made.unlink(missing_ok=True)


def to_stdout(client: Client, query: dict[str, Any]) -> Document:
    """The rows on stdout; returns the manifest. Raises as `to_file` does."""
    with client.stream("/api/audit/export", **query) as (headers, pieces):
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    return manifest_of(client, headers["X-Export-Id"])


def _received(client: Client, partial: Files, query: dict[str, Any]) -> Document:
    with client.stream("/api/audit/export", **query) as (headers, pieces), private(partial.rows) as rows:
        digest = write(rows, pieces)
    manifest = manifest_of(client, headers["X-Export-Id"])
    if digest != manifest["sha256"]:
        raise Refused("What came is not what was signed: something on the way changed it; ask again")
    with private(partial.manifest) as file:
        write(file, [json.dumps(manifest, indent=2).encode() + b"\n"])
    return manifest


def manifest_of(client: Client, export_id: str) -> Document:
    """As it was signed. Raises Refused where the export broke off, NotFound."""
    manifest: Document | None = client.get(f"/api/audit/exports/{export_id}")["manifest"]
    if manifest is None:
        raise Refused(f"Export {export_id} has no manifest: its last row was not sent; ask again")
    return manifest


def _verified(client: Client, partial: Files, manifest: Document, progress: Callable[[int], None]) -> "Report":
    """The rows, one by one; the heads are made of them meanwhile."""
    from persistence.signing import PublicKeys

    keys = PublicKeys(client.get("/api/audit/signing-keys")["public_keys"])
    with private(partial.heads) as heads:
        report = check(partial, manifest, keys, progress, heads.write)
        write(heads, ())
    return report


def private(file: Path) -> IO[bytes]:
    """For its owner alone: an audit log tells much."""
    return open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def write(file: IO[bytes], pieces: Iterable[bytes]) -> str:
    """All of it, down to the disk; returns its SHA-256 as hex."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def write_directory(directory: Path) -> None:
    """The names in it, down to the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
