"""Failures by cause and week as a picture of stacked bars; the table beside it says the same in words."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.audit_stats import AuditStats

WIDTH, HEIGHT = 600.0, 120.0
COLOURS = 6
"""Of the most frequent causes; the others share one."""
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Bar:
    """One cause's share of one week's column, in the units of the picture."""

    cause: str
    colour: int
    count: int
    week: date
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`legend`: each cause with its colour and how often it was met in all, the most frequent first; `table`: in the
    same order, how often in each week that had any."""

    weeks: list[date]
    bars: list[Bar]
    legend: list[tuple[str, int, int]]
    table: list[tuple[date, list[int]]]
    most: int


def failures(stats: AuditStats) -> Chart | None:
    """None where nothing has failed."""
    totals = Counter[str]()
    for each in stats.failures:
        totals[each.error_code] += each.failures
    if not totals:
        return None
    named = [code for code, _ in totals.most_common(COLOURS)]
    weeks = _weeks(stats.since.date(), stats.until.date())
    columns: dict[date, Counter[str]] = {week: Counter() for week in weeks}
    for each in stats.failures:
        code = each.error_code
        columns[each.week][code if code in named else OTHERS] += each.failures
    shown = [*named, *([OTHERS] if len(totals) > COLOURS else [])]
    most = max(column.total() for column in columns.values())
    legend = [(code, number, sum(column[code] for column in columns.values())) for number, code in enumerate(shown)]
    table = [(week, [column[code] for code in shown]) for week, column in columns.items() if column]
    return Chart(weeks, _bars(columns, shown, most), legend, table, most)


def _weeks(first: date, until: date) -> list[date]:
    monday = first - timedelta(days=first.weekday())
    return [monday + timedelta(weeks=number) for number in range((until - monday).days // 7 + 1)]


def _bars(columns: dict[date, Counter[str]], causes: list[str], most: int) -> list[Bar]:
    room, bars = WIDTH / len(columns), []
    for place, (week, column) in enumerate(columns.items()):
        top = HEIGHT
        for colour, cause in enumerate(causes):
            if column[cause]:
                height = HEIGHT * column[cause] / most
                top -= height
                left, width = place * room + room * 0.1, min(room * 0.8, 48.0)
                bars.append(Bar(cause, colour, column[cause], week, left, top, width, height))
    return bars
