"""Failures as stacked bars: every failure is in the picture, and in the list beside it."""

from datetime import UTC, date, datetime

import pytest

from console.charts import COLOURS, HEIGHT, OTHERS, WIDTH, failures
from schemas.audit_stats import AuditStats, FailuresOfWeek, Sample, TimeToRunning

SINCE, UNTIL = datetime(2026, 1, 7, tzinfo=UTC), datetime(2026, 1, 27, tzinfo=UTC)
MONDAYS = [date(2026, 1, day) for day in (5, 12, 19, 26)]


def stats(*found: tuple[date, str, int]) -> AuditStats:
    return AuditStats(
        since=SINCE,
        until=UNTIL,
        customer_id=None,
        failures=[FailuresOfWeek(week=week, error_code=code, failures=count) for week, code, count in found],
        times=[],
        time_to_running=TimeToRunning(attempts=0, p50=None, p95=None, p99=None),
        sample=Sample(changes=0, first=None, last=None, complete=True),
        retries=[],
        not_yet=0,
        never=0,
    )


def test_nothing_has_failed() -> None:
    assert failures(stats()) is None


def test_a_week_is_a_column_and_the_highest_fills_the_picture() -> None:
    chart = failures(stats((MONDAYS[0], "timeout", 1), (MONDAYS[3], "timeout", 3), (MONDAYS[3], "image_pull", 1)))
    assert chart is not None
    assert (chart.weeks, chart.most) == (MONDAYS, 4)
    last = [bar for bar in chart.bars if bar.week == MONDAYS[3]]
    assert sum(bar.height for bar in last) == pytest.approx(HEIGHT)
    assert min(bar.top for bar in last) == pytest.approx(0)
    assert all(bar.left >= 0 and bar.left + bar.width <= WIDTH for bar in chart.bars)
    assert chart.legend == [("timeout", 0, 4), ("image_pull", 1, 1)]
    assert chart.table == [(MONDAYS[0], [1, 0]), (MONDAYS[3], [3, 1])]


def test_rare_causes_share_a_colour_and_none_is_lost() -> None:
    many = [(MONDAYS[1], f"cause_{number}", 20 - number) for number in range(COLOURS + 3)]
    chart = failures(stats(*many))
    assert chart is not None
    assert chart.legend[-1] == (OTHERS, COLOURS, sum(count for *_, count in many[COLOURS:]))
    assert sum(bar.count for bar in chart.bars) == sum(count for *_, count in many)
