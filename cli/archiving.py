"""Archives long-deleted instances: into files that are verified first, and only then out of the log."""

import getpass
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from cli.client import Document
from cli.exporting import conclude, private, write
from cli.verifying import Files, check
from schemas.errors import Refused

if TYPE_CHECKING:
    from persistence.archiving import Archive, Removed
    from persistence.signing import Signer
    from schemas.settings import Settings


class Archived(NamedTuple):
    """The files, and what left the log."""

    files: Files
    removed: "Removed"


async def archive(file: Path, before: datetime, reason: str, progress: Callable[[int], None]) -> Archived:
    """All that was deleted, and last touched, before then.

    Raises BadSettings without a signing key, Conflict where a file has the name already, Refused where the log does not
    hold (nothing is removed then), DependencyDown.
    """
    from persistence.archiving import Archive, Asked, remove
    from persistence.exports.heads import from_lines

    settings = _settings()
    signer = _signer(settings)
    asked = Asked(uuid4(), f"operator:{getpass.getuser()}", reason, before)
    made = Archive(settings.database_url, asked, signer, settings.installation)
    with conclude(file) as (partial, settle):
        manifest = await _written(partial, made)
        _must_hold(partial, manifest, signer, progress)
        settle()
    files = Files.of(file)
    with files.heads.open("rb") as heads:
        return Archived(files, await remove(settings.database_url, asked, manifest, from_lines(heads)))


async def foreseen(before: datetime) -> tuple[int, int]:
    """How many instances, and rows of theirs, would be archived. Raises BadSettings, Refused, DependencyDown."""
    from persistence import archiving

    return await archiving.foreseen(_settings().database_url, before)


async def _written(partial: Files, made: "Archive") -> Document:
    with private(partial.rows) as rows:
        async for piece in made.pieces():
            rows.write(piece)
        write(rows, ())
    manifest = made.manifest()
    with private(partial.manifest) as file:
        write(file, [json.dumps(manifest, indent=2).encode() + b"\n"])
    return manifest


def _must_hold(partial: Files, manifest: Document, signer: "Signer", progress: Callable[[int], None]) -> None:
    """The file as it is on the disk, every row of it; the heads are made of it meanwhile."""
    from persistence.signing import PublicKeys

    with private(partial.heads) as heads:
        report = check(partial, manifest, PublicKeys(signer.public), progress, heads.write)
        write(heads, ())
    if report.differing:
        first = report.differences[0]
        raise Refused(
            f"Nothing was archived: instance {first.instance_id}, row {first.sequence}: {first.why}; "
            "see `reprise audit verify`"
        )


def _settings() -> "Settings":
    from cli.local import settings_here

    return settings_here().required("database_url", "audit_signing_key")


def _signer(settings: "Settings") -> "Signer":
    from persistence.signing import Signer

    found = Signer.of(settings)
    assert found is not None  # noqa: S101 - the setting is there
    return found
