"""Adds up the audit log: each query from an index, and bounded where the rows themselves must be read."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import reading
from schemas.audit_stats import AuditStats, FailuresOfWeek, RetriesUntilRunning, Sample, TimeInState, TimeToRunning
from statemachine.states import MEANINGS

LOOKED_THROUGH = 2_000
"""The latest rows, among which the changes of state are the sample: a query of a million takes no longer."""

_FAILURES = """
SELECT (date_trunc('week', recorded_at, 'UTC') AT TIME ZONE 'UTC')::date AS week, error_code, count(*) AS failures
FROM audit_log
WHERE error_code IS NOT NULL AND recorded_at >= :since AND recorded_at < :until {customer}
GROUP BY 1, 2 ORDER BY 1, 2
"""

# the limit stands in the text, since a parameter would mislead the planner; a state was entered by the last row before
# that changed it
_TIMES = """
WITH latest AS MATERIALIZED (
    SELECT instance_id, sequence, recorded_at, state_before, state_after, outcome FROM audit_log
    WHERE recorded_at >= :since AND recorded_at < :until {customer} ORDER BY recorded_at DESC LIMIT {limit}
), stays AS (
    SELECT l.state_before AS state, l.recorded_at,
        extract(epoch FROM l.recorded_at - entered.recorded_at)::float8 AS seconds
    FROM latest l CROSS JOIN LATERAL (
        SELECT a.recorded_at FROM audit_log a
        WHERE a.instance_id = l.instance_id AND a.sequence < l.sequence
        AND a.outcome = 'applied' AND a.state_before <> a.state_after
        ORDER BY a.sequence DESC LIMIT 1
    ) entered
    WHERE l.outcome = 'applied' AND l.state_before <> l.state_after
)
SELECT state, count(*) AS stays, min(recorded_at) AS first, max(recorded_at) AS last,
    (SELECT count(*) FROM latest) AS looked_through,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY seconds) AS seconds
FROM stays GROUP BY GROUPING SETS ((state), ())
"""

_TO_RUNNING = """
WITH latest AS MATERIALIZED (
    SELECT instance_id, sequence, recorded_at, state_before, state_after, outcome FROM audit_log
    WHERE recorded_at >= :since AND recorded_at < :until {customer} ORDER BY recorded_at DESC LIMIT {limit}
)
SELECT count(*) AS attempts, percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
    ORDER BY extract(epoch FROM l.recorded_at - asked.recorded_at)::float8
) AS seconds
FROM latest l CROSS JOIN LATERAL (
    SELECT a.recorded_at FROM audit_log a
    WHERE a.instance_id = l.instance_id AND a.sequence < l.sequence
    AND a.outcome = 'applied' AND a.type IN ('provision.requested', 'retry.requested', 'retry.due')
    ORDER BY a.sequence DESC LIMIT 1
) asked
WHERE l.outcome = 'applied' AND l.state_after = 'running'
AND l.state_before IN ('deploying', 'initializing', 'cleaning_up', 'cleaning_up_before_retry')
"""

_RETRIES = """
SELECT has_run, state = 'deleted' AS deleted, attempt - 1 AS retries, count(*) AS instances FROM instances
WHERE created_at >= :since AND created_at < :until AND adopted IS NULL {customer}
GROUP BY 1, 2, 3 ORDER BY retries
"""


async def stats(engine: AsyncEngine, since: datetime, until: datetime, customer_id: str | None) -> AuditStats:
    """Of all instances, or of this customer's. Raises DependencyDown."""
    wanted = {"since": since, "until": until, "customer": customer_id}
    (failures, retries), (timed, [ran]) = await asyncio.gather(
        _rows(engine, wanted, _FAILURES, _RETRIES),
        _rows(engine, wanted, _TIMES, _TO_RUNNING),
    )
    times = {row.pop("state"): row for row in map(dict, timed)}
    return AuditStats(
        since=since,
        until=until,
        customer_id=customer_id,
        failures=[FailuresOfWeek(**row) for row in failures],
        times=[_time(state.value, times[state.value]) for state in MEANINGS if state.value in times],
        time_to_running=_to_running(dict(ran)),
        sample=_sample(times[None]),
        retries=_counted(row for row in retries if row["has_run"]),
        not_yet=sum(row["instances"] for row in retries if not row["has_run"] and not row["deleted"]),
        never=sum(row["instances"] for row in retries if not row["has_run"] and row["deleted"]),
    )


async def _rows(engine: AsyncEngine, wanted: Mapping[str, Any], *queries: str) -> list[Sequence[RowMapping]]:
    """What each of the queries finds, one after the other on a connection."""
    given = {name: value for name, value in wanted.items() if value is not None}
    customer = "AND customer_id = :customer" if "customer" in given else ""
    async with reading(engine) as connection:
        return [
            (await connection.execute(text(query.format(customer=customer, limit=LOOKED_THROUGH)), given))
            .mappings()
            .all()
            for query in queries
        ]


def _time(state: str, row: Mapping[str, Any]) -> TimeInState:
    p50, p95, p99 = row["seconds"]
    return TimeInState(state=state, stays=row["stays"], p50=p50, p95=p95, p99=p99)


def _to_running(row: Mapping[str, Any]) -> TimeToRunning:
    p50, p95, p99 = row["seconds"] or (None, None, None)
    return TimeToRunning(attempts=row["attempts"], p50=p50, p95=p95, p99=p99)


def _sample(row: Mapping[str, Any]) -> Sample:
    complete = row["looked_through"] < LOOKED_THROUGH
    return Sample(changes=row["stays"], first=row["first"], last=row["last"], complete=complete)


def _counted(rows: Iterable[RowMapping]) -> list[RetriesUntilRunning]:
    found: Counter[int] = Counter()
    for row in rows:
        found[row["retries"]] += row["instances"]
    return [RetriesUntilRunning(retries=retries, instances=count) for retries, count in sorted(found.items())]
