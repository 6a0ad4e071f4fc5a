"""Moves the trails of instances that were deleted long ago out of the log, once signed files hold them.

Whole trails, and the instances' records with them: what remains is a log like any other, which is verified, decided
again and rebuilt without a word about archives. A trail without its beginning could be none of that. Rows are removed
by an owner's function (`remove_archived`) rather than with a partition: rows of what lives stay, however old.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from persistence.engine import connector, snapshot, translated
from persistence.exports.formats import of_record
from persistence.exports.manifest import Tally
from persistence.signing import Document, Signer
from persistence.statements import ENTRY_COLUMNS
from persistence.trails import Head
from schemas.errors import Refused

BATCH = 500
REMOVED_AT_ONCE = 200
"""Instances removed in one transaction, which keeps whoever decides waiting for as long."""

_CHOSEN = """
WITH chosen AS (
    SELECT id FROM instances i WHERE state = 'deleted'
    AND NOT EXISTS (SELECT FROM audit_log a WHERE a.instance_id = i.id AND a.recorded_at >= $1)
)"""
_COUNT = f"""{_CHOSEN}
SELECT count(DISTINCT instance_id), count(*) FROM audit_log JOIN chosen ON id = instance_id
"""  # noqa: S608  # as above
_ROWS = f"""{_CHOSEN}
SELECT {", ".join(ENTRY_COLUMNS)} FROM audit_log JOIN chosen ON id = instance_id ORDER BY instance_id, sequence
"""  # noqa: S608  # column names of our own
_IS_OWNER = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'audit_log'::regclass"
_RECORD = "INSERT INTO audit_archives (id, actor, reason, before, manifest) VALUES ($1, $2, $3, $4, $5::jsonb)"
_REMOVE = "SELECT remove_archived($1, $2::uuid[], $3::int[], $4::bytea[])"


class Asked(NamedTuple):
    """An archive that somebody wants: of what was deleted, and last touched, before then."""

    id: UUID
    actor: str
    reason: str
    before: datetime


class Removed(NamedTuple):
    """What left the log; `kept`: instances that were touched since the archive was made."""

    instances: int
    rows: int
    kept: int


async def foreseen(url: str, before: datetime) -> tuple[int, int]:
    """How many instances, and rows of theirs, would be archived.

    Raises Refused where the account does not own the log, and so could remove nothing of it; DependencyDown.
    """
    async with snapshot(url, "reprise archive") as connection:
        if not await connection.fetchval(_IS_OWNER):
            raise Refused("Only the owner of audit_log removes rows of it; name that account in REPRISE_DATABASE_URL")
        found = await connection.fetchrow(_COUNT, before)
    return (found[0], found[1]) if found else (0, 0)


class Archive:
    """The file of an archive: its pieces, and once they are all there the signed manifest."""

    def __init__(self, url: str, asked: Asked, signer: Signer, installation: str) -> None:
        self._url = url
        self._asked = asked
        self._signer = signer
        self._tally = Tally("jsonl")
        self._installation = installation

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece, out of one snapshot. Raises DependencyDown."""
        async with aclosing(_batches(self._url, self._asked.before)) as batches:
            async for batch in batches:
                yield self._tally.add(of_record(tuple(record)) for record in batch)

    def manifest(self) -> Document:
        """Of all pieces."""
        about = {
            "export_id": str(self._asked.id),
            "installation": self._installation,
            "actor": self._asked.actor,
            "reason": self._asked.reason,
            "format": "jsonl",
            "filters": {"deleted_before": self._asked.before.isoformat()},
            "whole_trails": True,
            "begun_at": datetime.now(UTC).isoformat(),
        }
        return self._tally.finished(about, self._signer)


async def remove(url: str, asked: Asked, manifest: Document, heads: Iterable[Head]) -> Removed:
    """What the archive holds leaves the log, some instances a transaction; what was touched since stays.

    To be called once the files are verified, and on the disk. Stopped half-way, it has removed some: the rest is
    archived anew. Raises DependencyDown.
    """
    instances = rows = kept = 0
    async with translated():
        connection = await connector(url, 5, application_name="reprise archive")()
        try:
            await connection.execute(_RECORD, asked.id, asked.actor, asked.reason, asked.before, _json(manifest))
            for some in _grouped(heads):
                removed = set(await _remove(connection, asked.id, some))
                instances += len(removed)
                rows += sum(head.last for head in some if UUID(head.instance_id) in removed)
                kept += len(some) - len(removed)
        finally:
            await connection.close(timeout=5)
    return Removed(instances, rows, kept)


async def _remove(connection: "asyncpg.Connection[asyncpg.Record]", archive: UUID, heads: Sequence[Head]) -> list[UUID]:
    ids = [UUID(head.instance_id) for head in heads]
    removed: list[UUID] = await connection.fetchval(
        _REMOVE, archive, ids, [head.last for head in heads], [head.last_hash for head in heads]
    )
    return removed


async def _batches(url: str, before: datetime) -> AsyncGenerator[list[asyncpg.Record], None]:
    async with snapshot(url, "reprise archive") as connection:
        cursor = await connection.cursor(_ROWS, before)
        while batch := await cursor.fetch(BATCH):
            yield batch


def _grouped(heads: Iterable[Head]) -> Iterable[list[Head]]:
    some: list[Head] = []
    for head in heads:
        some.append(head)
        if len(some) == REMOVED_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _json(manifest: Document) -> str:
    return orjson.dumps(manifest).decode()
