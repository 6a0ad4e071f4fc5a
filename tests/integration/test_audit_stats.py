"""What the audit log adds up to on a real PostgreSQL: counted against lives of which every moment is known."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import quantiles
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence import audit_stats
from persistence.writer import Writer
from schemas.audit_stats import AuditStats
from schemas.codes import ErrorCode
from schemas.events import Actor, wish
from schemas.payloads import AdoptRequested, DatabaseAllocated, DeleteRequested, Failure, ProvisionRequested, Receipt
from schemas.requests import Closed
from schemas.types import EventType as E
from statemachine.policy import Policy
from tests.integration.test_replay import event

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DATABASE = DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u")
Step = tuple[E, Closed | None, float]


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def tried(seconds: float, code: ErrorCode | None = None) -> Sequence[Step]:
    """An attempt that is `seconds` in `deploying`: it runs, or fails for the code and is cleaned up in 4 seconds."""
    half = seconds / 2  # a row that changes no state stands in the middle of the stay
    begun = [(E.PROVISION_ADMITTED, None, 1), (E.DATABASE_ALLOCATED, DATABASE, 2), (E.DEPLOY_APPLIED, None, half)]
    if code is None:
        return [*begun, (E.DEPLOY_READY, None, half)]
    failure = Failure(error_code=code, error_message="It did not fit")
    return [*begun, (E.DEPLOY_FAILED, failure, half), (E.CLEANUP_COMPLETED, Receipt(objects=()), 4)]


async def lived(
    engine: AsyncEngine, name: str, at: datetime, *attempts: Sequence[Step], customer: str = "acme"
) -> None:
    """Asked for at `at`; each event after so many seconds, and each retry a minute after the failure."""
    clock = Clock(at)
    writer = Writer(engine, Policy(), clock=clock)
    request = ProvisionRequested(customer_id=customer, name=name)
    [result] = await writer.apply([wish(E.PROVISION_REQUESTED, _id(name), Actor("cli", "alice"), at, request)])
    retried: Step = (E.RETRY_REQUESTED, None, 60)
    for kind, data, seconds in [step for attempt in attempts for step in (*attempt, retried)][:-1]:
        clock.now += timedelta(seconds=seconds)
        assert result.instance is not None
        [result] = await writer.apply([event(kind, data, result.instance)])
        assert result.outcome == "applied", result.why


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)


async def stats(engine: AsyncEngine, customer: str | None = None, since: datetime = MONDAY) -> AuditStats:
    return await audit_stats.stats(engine, since, MONDAY + timedelta(days=30), customer)


ROOM, PULL = ErrorCode.INSUFFICIENT_RESOURCES, ErrorCode.IMAGE_PULL


async def test_failures_are_counted_by_cause_and_by_week_of_utc(engine: AsyncEngine) -> None:
    sunday = MONDAY + timedelta(days=6, hours=23, minutes=59)
    await lived(engine, "a", sunday - timedelta(hours=1), tried(5, ROOM), tried(5, PULL))
    await lived(engine, "b", sunday, tried(10, ROOM), tried(30, ROOM), tried(5))  # fails at 23:59 and after midnight
    await lived(engine, "c", MONDAY - timedelta(hours=1), tried(5, ROOM))  # before the period
    found = await stats(engine)
    assert [(each.week, each.error_code, each.failures) for each in found.failures] == [
        (date(2026, 3, 2), "image_pull", 1),
        (date(2026, 3, 2), "insufficient_resources", 2),
        (date(2026, 3, 9), "insufficient_resources", 1),
    ]


async def test_times_are_of_whole_stays_in_the_order_of_a_life(engine: AsyncEngine) -> None:
    seconds = [7.0 * (number + 1) for number in range(30)]
    for number, each in enumerate(seconds):
        await lived(engine, f"shop-{number}", MONDAY + timedelta(hours=number), tried(each))
    found = await stats(engine)
    assert [(each.state, each.stays) for each in found.times] == [
        ("pending", 30),
        ("allocating_database", 30),
        ("deploying", 30),
    ]
    deploying = found.times[-1]
    percent = quantiles(seconds, n=100, method="inclusive")
    assert (deploying.p50, deploying.p95, deploying.p99) == pytest.approx((percent[49], percent[94], percent[98]))
    assert found.times[0].p99 == pytest.approx(1)
    assert (found.sample.changes, found.sample.complete) == (90, True)
    assert found.sample.last == MONDAY + timedelta(hours=29, seconds=3 + seconds[-1])


async def test_the_time_to_running_is_from_the_wish_that_began_the_attempt(engine: AsyncEngine) -> None:
    seconds = [7.0 * (number + 1) for number in range(30)]
    for number, each in enumerate(seconds):
        await lived(engine, f"shop-{number}", MONDAY + timedelta(hours=number), tried(90, ROOM), tried(each))
    await lived(engine, "failed", MONDAY, tried(900, PULL))
    found = (await stats(engine)).time_to_running
    percent = quantiles([each + 3 for each in seconds], n=100, method="inclusive")
    assert found.attempts == 30
    assert (found.p50, found.p95, found.p99) == pytest.approx((percent[49], percent[94], percent[98]))
    nobody = (await stats(engine, "nobody")).time_to_running
    assert (nobody.attempts, nobody.p50, nobody.p95) == (0, None, None)


async def test_a_stay_is_as_long_as_it_was_though_it_began_before_the_period(engine: AsyncEngine) -> None:
    await lived(engine, "shop", MONDAY - timedelta(hours=10), tried(12 * 3600))
    found = await stats(engine)
    assert [(each.state, each.p50) for each in found.times] == [("deploying", 12 * 3600)]


async def test_a_sample_that_is_not_all_says_so(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        await lived(engine, f"shop-{number}", MONDAY + timedelta(hours=number), tried(5))
    monkeypatch.setattr(audit_stats, "LOOKED_THROUGH", 8)
    found = await stats(engine)
    assert (found.sample.changes, found.sample.complete) == (
        5,
        False,
    )  # of the eight rows, one began an instance, and two changed no state
    assert found.sample.first == MONDAY + timedelta(hours=2, seconds=3)
    assert {each.state: each.stays for each in found.times} == {"pending": 1, "allocating_database": 2, "deploying": 2}


async def test_retries_are_counted_until_an_instance_first_ran(engine: AsyncEngine) -> None:
    await lived(engine, "at-once", MONDAY, tried(5))
    await lived(engine, "also", MONDAY, tried(5))
    await lived(engine, "third-time", MONDAY, tried(5, ROOM), tried(5, PULL), tried(5))
    await lived(engine, "failed", MONDAY, tried(5, ROOM), tried(5, ROOM))
    deleted: list[Step] = [(E.DELETE_REQUESTED, DeleteRequested(), 5), (E.DELETE_COMPLETED, Receipt(objects=()), 5)]
    await lived(engine, "given-up", MONDAY, [*tried(5, ROOM), *deleted])
    await lived(engine, "earlier", MONDAY - timedelta(days=1), tried(5))
    adopted = AdoptRequested(customer_id="acme", name="adopted", found="running", database=DATABASE)
    writer = Writer(engine, Policy(), clock=Clock(MONDAY))
    [result] = await writer.apply([wish(E.ADOPT_REQUESTED, _id("adopted"), Actor("cli", "alice"), MONDAY, adopted)])
    assert result.outcome == "applied"
    found = await stats(engine)
    assert [(each.retries, each.instances) for each in found.retries] == [(0, 2), (2, 1)]
    assert (found.not_yet, found.never) == (1, 1)


async def test_a_customer_has_numbers_of_its_own_alone(engine: AsyncEngine) -> None:
    await lived(engine, "a", MONDAY, tried(5, ROOM), tried(5))
    await lived(engine, "b", MONDAY, tried(50, PULL), customer="other")
    found = await stats(engine, "other")
    assert [each.error_code for each in found.failures] == ["image_pull"]
    assert {each.state: each.p99 for each in found.times}["deploying"] == pytest.approx(50)
    assert (found.retries, found.not_yet) == ([], 1)
    nobody = await stats(engine, "nobody")
    assert (nobody.failures, nobody.times, nobody.retries, nobody.sample.changes) == ([], [], [], 0)
