"""Comparisons of the whole audit log with its checkpoints: bounded where a server makes them, and kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import reading, transaction
from persistence.leadership import alone
from persistence.proving import Proved, compare
from persistence.signing import PublicKeys
from persistence.tables import audit_log
from persistence.tables import audit_verifications as table
from schemas.errors import Conflict, Refused
from schemas.proofs import VerificationView

NAME = "audit verification"
PLACE = "the stream"
MOST_ROWS = 100_000
"""That a server compares when it is asked to: a few seconds of a core that answers others too."""
PATIENCE = 20.0
"""Seconds for it."""
KEPT = 20
"""Differences of each that are kept; those beyond are counted."""
_COMMAND = "`reprise audit verify` has no such bound"


async def verify(
    url: str, engine: AsyncEngine, actor: str, keys: PublicKeys, entries: Callable[[], AsyncIterator[bytes]]
) -> VerificationView:
    """Compare now, one at a time in the installation, and keep what came of it.

    Raises Refused where there is too much to compare, Conflict where another is at it, NotFound, DependencyDown.
    """
    if await rows(engine) > MOST_ROWS:
        raise Refused(f"The audit log has more than {MOST_ROWS:,} rows, too many to compare here: {_COMMAND}")
    async with alone(url, NAME) as free:
        if not free:
            raise Conflict("The audit log is being verified just now; look again in a moment")
        begun = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE) as bound:
                proved = await compare(url, PLACE, entries(), keys)
        except TimeoutError:
            if not bound.expired():
                raise
            raise Refused(f"It took longer than {PATIENCE:g} s and was given up: {_COMMAND}") from None
    return await record(engine, actor, proved, time.monotonic() - begun)


async def rows(engine: AsyncEngine) -> int:
    """How many the log has, as far as it matters: at most one more than are compared. Raises DependencyDown."""
    some = select(literal(1)).select_from(audit_log).limit(MOST_ROWS + 1).subquery()
    async with reading(engine) as connection:
        return int(await connection.scalar(select(func.count()).select_from(some)) or 0)


async def record(engine: AsyncEngine, actor: str, proved: Proved, seconds: float) -> VerificationView:
    """Keep what came of one. Raises DependencyDown, also where the database takes nothing."""
    report, last = proved.report, proved.last or {}
    made = VerificationView(
        id=uuid4(),
        actor=actor,
        ended_at=datetime.now(UTC),
        seconds=seconds,
        rows=report.rows,
        instances=report.instances,
        differing=report.differing,
        differences=[each._asdict() for each in report.differences[:KEPT]],
        checkpoints=proved.read,
        up_to=last.get("number"),
    )
    values = {**dict(made), "differences": [each.model_dump() for each in made.differences]}
    async with transaction(engine) as connection:
        await connection.execute(insert(table).values(values))
    return made


async def latest(engine: AsyncEngine, limit: int) -> list[VerificationView]:
    """The latest, newest first. Raises DependencyDown."""
    newest = select(table).order_by(table.c.ended_at.desc(), table.c.id.desc()).limit(limit)
    async with reading(engine) as connection:
        return [VerificationView.model_validate(dict(row)) for row in (await connection.execute(newest)).mappings()]
