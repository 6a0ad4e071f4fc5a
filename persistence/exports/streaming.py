"""Streams an export out of one snapshot of the audit log: in constant memory, however many rows there are."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import snapshot
from persistence.exports import records
from persistence.exports.formats import of_record
from persistence.exports.manifest import Tally, is_whole
from persistence.exports.records import Asked
from persistence.searching import AuditFilter, matching
from persistence.signing import Document, Signer
from persistence.tables import audit_log as table
from schemas.errors import Conflict, Refused

BATCH = 500
"""Rows held at a time; making lines of them takes a few milliseconds of the loop that answers other requests too."""
AT_ONCE = 2
"""Exports that one process makes at once: each holds a connection and a snapshot, and takes much of a core."""

PAUSE = "10min"
"""How long who receives an export may take none of it: a snapshot that is kept keeps PostgreSQL from tidying up."""


class Exporter:
    """Makes exports. `signer` None: none can be signed, so none are made."""

    def __init__(self, url: str, engine: AsyncEngine, signer: Signer | None, installation: str) -> None:
        self.url = url
        self._engine = engine
        self._signer = signer
        self._installation = installation
        self._under_way: set[UUID] = set()

    @property
    def public_keys(self) -> tuple[str, ...]:
        """What its signatures are checked with, newest first."""
        return self._signer.public if self._signer is not None else ()

    async def export(self, asked: Asked, wanted: AuditFilter) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece; that it is asked for is recorded first, and its manifest after the last row.

        What ends without an error is whole. Raises Refused without a signing key, Conflict where others are under way,
        DependencyDown.
        """
        signer = self._must_sign()
        if len(self._under_way) >= AT_ONCE:
            raise Conflict(f"{AT_ONCE} exports are under way here; ask again when one has ended")
        self._under_way.add(asked.id)
        try:
            await records.begin(self._engine, asked)
            tally = Tally(asked.encoding)
            async with aclosing(_batches(self.url, wanted)) as batches:
                async for batch in batches:
                    yield tally.add(of_record(tuple(record)) for record in batch)
            await records.end(self._engine, asked.id, tally.finished(self._about(asked), signer))
        finally:
            self._under_way.discard(asked.id)

    def _must_sign(self) -> Signer:
        if self._signer is None:
            raise Refused(
                "Exports are signed, and part api has no REPRISE_AUDIT_SIGNING_KEY; `reprise audit key new` makes one"
            )
        return self._signer

    def _about(self, asked: Asked) -> Document:
        return {
            "export_id": str(asked.id),
            "installation": self._installation,
            "actor": asked.actor,
            "reason": asked.reason,
            "format": asked.encoding,
            "filters": asked.filters,
            "whole_trails": is_whole(asked.filters),
            "begun_at": asked.begun_at.isoformat(),
        }


async def _batches(url: str, wanted: AuditFilter) -> AsyncGenerator[Sequence[asyncpg.Record], None]:
    query, parameters = _compiled(
        select(table).where(*matching(wanted)).order_by(table.c.instance_id, table.c.sequence)
    )
    async with snapshot(url, "reprise export", idle=PAUSE) as connection:
        cursor = await connection.cursor(query, *parameters)
        batch = await cursor.fetch(BATCH)
        yield batch  # of nothing there is one batch, which is empty
        while batch := await cursor.fetch(BATCH):
            yield batch


def _compiled(query: Select[Any]) -> tuple[str, list[Any]]:
    """As asyncpg itself takes it: an export reads a million rows, and objects of SQLAlchemy take as long again."""
    compiled = query.compile(dialect=PGDialect_asyncpg())  # type: ignore[no-untyped-call]  # SQLAlchemy's own
    values = compiled.params
    return str(compiled), [values[name] for name in compiled.positiontup or ()]
