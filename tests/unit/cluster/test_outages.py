"""Which outages count, and for how long after they are over."""

from datetime import UTC, datetime, timedelta

from cluster.outages import Outages

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_long_one_counts_until_the_cluster_has_settled() -> None:
    outages = Outages(START)
    outages.failed()
    assert not outages.just_over(at(20)), "it is not over"
    outages.answered(at(21))
    outages.answered(at(40))
    assert outages.just_over(at(110))
    assert not outages.just_over(at(111))


def test_requests_that_fail_now_and_then_are_none() -> None:
    outages = Outages(START)
    for second in range(0, 60, 4):
        outages.failed()
        outages.answered(at(second))
    assert not outages.just_over(at(60))


def test_a_silence_without_a_failure_is_none() -> None:
    outages = Outages(START)
    outages.answered(at(3600))
    assert not outages.just_over(at(3600))
