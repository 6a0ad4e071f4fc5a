"""Measures the audit log's queries at a million rows (AUDIT_ROWS), through the code that answers them."""

import asyncio
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded.directory import exclusively
from embedded.ports import choose
from embedded.postgres import Postgres
from embedded.supervisor import Supervisor
from persistence import audit, audit_stats
from persistence.engine import make_engine
from persistence.migrate import upgrade
from persistence.searching import AuditFilter

ROWS = int(os.environ.get("AUDIT_ROWS", "1000000"))
RUNS = 21
_EACH = 50
_CUSTOMERS = 200
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_EVERY = timedelta(seconds=10)
_FILL = f"""
INSERT INTO audit_log
SELECT md5('i' || n / {_EACH})::uuid, n % {_EACH} + 1, 'customer-' || (n / {_EACH}) % {_CUSTOMERS}, md5('e' || n)::uuid,
    $2::timestamptz + (n % {_EACH} * $1::int / {_EACH} + n / {_EACH}) * interval '10 seconds',
    (ARRAY['provision.requested', 'deploy.applied', 'deploy.progressing', 'deploy.ready', 'stop.requested'])[n % 5 + 1],
    CASE WHEN n % 5 = 0 THEN 'cli:user-' || n / 5 % 500 ELSE 'watcher:watcher' END, '',
    n % {_EACH} / 10 + 1, n % {_EACH},
    (ARRAY['pending', 'deploying', 'initializing', 'running', 'stopping'])[n % 5 + 1],
    (ARRAY['deploying', 'initializing', 'running', 'stopping', 'stopped'])[n % 5 + 1],
    CASE WHEN n % 20 = 0 THEN 'stale' WHEN n % 50 = 0 THEN 'rejected' ELSE 'applied' END,
    CASE WHEN n % 50 = 0 THEN 'insufficient_resources' END, CASE WHEN n % 50 = 0 THEN 'It did not fit' END,
    md5('j' || n / 10)::uuid, NULL,
    convert_to('{{"data": {{"cause": "' || repeat('0/3 nodes are available. ', 20) || n || '"}}}}', 'UTF8'),
    convert_to('{{"deploy_timeout": 180' || repeat(' ', 250) || '}}', 'UTF8'),
    sha256(n::text::bytea), sha256(n::text::bytea)
FROM generate_series(0, $1::int - 1) n ORDER BY n % {_EACH}, n / {_EACH}
"""  # noqa: S608  # numbers of our own

_FILL_INSTANCES = f"""
INSERT INTO instances (id, customer_id, name, request, job_id, created_at, state, state_since, attempt, step, has_run,
    verifying, init_began, avertable, overdue, auto_retries, sequence, chain)
SELECT md5('i' || n)::uuid, 'customer-' || n % {_CUSTOMERS}, 'shop-' || n, '{{"cpu": "500m", "memory": "1Gi"}}',
    md5('j' || n)::uuid, $2::timestamptz + n * interval '10 seconds',
    CASE WHEN n % 9 = 0 THEN 'error' ELSE 'running' END, $2::timestamptz, n % 5 + 1, 50, n % 9 <> 0,
    false, true, true, 0, 0, {_EACH}, sha256(n::text::bytea)
FROM generate_series(0, $1::int / {_EACH} - 1) n
"""  # noqa: S608  # numbers of our own

Query = Callable[[], Awaitable[object]]


async def _filled(url: str) -> None:
    """As they come: a row of each instance in turn, so that the rows of one lie far apart."""
    connection = await asyncpg.connect(url)
    await connection.execute(_FILL, ROWS, _BEGAN)
    await connection.execute(_FILL_INSTANCES, ROWS, _BEGAN)
    await connection.execute("VACUUM ANALYZE audit_log, instances")
    await connection.close()


def _id(text: str) -> UUID:
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


def _filters() -> dict[str, AuditFilter]:
    """Each filter alone, what is nowhere to be found, and what combines two."""
    middle = _BEGAN + _EVERY * (ROWS // 2)
    return {
        "everything": AuditFilter(),
        "of an instance": AuditFilter(instance_id=_id("i7")),
        "of a customer": AuditFilter(customer_id="customer-7"),
        "of a customer, one type": AuditFilter(customer_id="customer-7", type="deploy.ready"),
        "of a job": AuditFilter(correlation_id=_id("j7")),
        "an error code": AuditFilter(error_code="insufficient_resources"),
        "stale": AuditFilter(outcome="stale"),
        "a type": AuditFilter(type="deploy.ready"),
        "into a state": AuditFilter(state_after="running"),
        "an attempt": AuditFilter(attempt=5),
        "a person": AuditFilter(actor="cli:user-7"),
        "a person who did nothing": AuditFilter(actor="cli:nobody"),
        "a day in the middle": AuditFilter(since=middle, until=middle + timedelta(days=1)),
        "text": AuditFilter(q="available. 77"),
        "text that is nowhere": AuditFilter(q="no such words"),
    }


def _sums(engine: AsyncEngine) -> dict[str, Query]:
    """All three sums of `reprise audit stats`, over all of the log and over some of it."""
    end = _BEGAN + _EVERY * ROWS

    def summed(since: datetime, customer_id: str | None = None) -> Query:
        return lambda: audit_stats.stats(engine, since, end, customer_id)

    return {
        "stats": summed(_BEGAN),
        "stats of a customer": summed(_BEGAN, "customer-7"),
        "stats of the last week": summed(end - timedelta(weeks=1)),
    }


async def _milliseconds(query: Query) -> list[float]:
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await query()
        found.append((time.perf_counter() - began) * 1_000)
    return found


async def _measured(engine: AsyncEngine) -> dict[str, list[float]]:
    """The first page of each filter, and the page that goes on in the middle of everything."""
    _, cursor = await audit.page(engine, AuditFilter(until=_BEGAN + _EVERY * (ROWS // 2)))
    queries: dict[str, Query] = {"a later page": lambda: audit.page(engine, AuditFilter(), cursor=cursor)}
    for name, wanted in _filters().items():
        queries[name] = lambda wanted=wanted: audit.page(engine, wanted)  # type: ignore[misc]  # bound as it is now
    queries |= _sums(engine)
    return {name: await _milliseconds(query) for name, query in queries.items()}


def _show(measured: dict[str, list[float]]) -> None:
    table = Table(title=f"Queries of the audit log at {ROWS:,} rows, {RUNS} runs each, ms")
    for name in ("page of 100 rows, or sums", "first", "median", "slowest"):
        table.add_column(name, justify="left" if name == "page of 100 rows, or sums" else "right")
    for name, times in measured.items():
        table.add_row(name, *(f"{value:.1f}" for value in (times[0], statistics.median(times), max(times))))
    Console(width=100).print(table)


async def main() -> None:
    """Measures in a directory of its own and leaves nothing behind."""
    with tempfile.TemporaryDirectory() as temporary, exclusively(Path(temporary) / "data") as directory:
        async with Supervisor(directory, lambda _: None) as supervisor:
            postgres = Postgres(directory.root / "postgres", choose(), "only-for-this-measurement")
            await supervisor.start(postgres.child())
            await asyncio.to_thread(upgrade, postgres.url())
            await _filled(postgres.url())
            engine = make_engine(postgres.url())
            _show(await _measured(engine))
            await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
