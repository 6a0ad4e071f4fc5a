"""Attempts as bars: as wide as they took, none so thin that it is not seen."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console.lanes import THINNEST, WIDTH, lanes_of
from schemas.timeline import Timeline, TimelineAttempt, TimelineStep

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)
ID = UUID(int=1)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def step(state: str, begin: float, end: float | None) -> TimelineStep:
    return TimelineStep(state=state, began_at=at(begin), began_by="x", ended_at=None if end is None else at(end))


def document(*attempts: TimelineAttempt, now: float) -> dict[str, object]:
    return Timeline(instance_id=ID, at=at(now), earlier=False, attempts=list(attempts)).model_dump(mode="json")


def attempt(number: int, end: float | None, *steps: TimelineStep) -> TimelineAttempt:
    ended = None if end is None else at(end)
    return TimelineAttempt(
        attempt=number, job_id=ID, actor="cli:a", began_at=steps[0].began_at, ended_at=ended, steps=list(steps)
    )


def test_the_pieces_fill_the_lane_one_after_the_other() -> None:
    [lane] = lanes_of(
        document(attempt(1, 10, step("pending", 0, 0), step("deploying", 0, 9), step("cleaning_up", 9, 10)), now=10)
    )
    lefts, widths = [piece.left for piece in lane.pieces], [piece.width for piece in lane.pieces]
    assert lefts[0] == 0
    assert lefts[1:] == pytest.approx([left + width for left, width in zip(lefts, widths, strict=True)][:-1])
    assert sum(widths) == pytest.approx(WIDTH)
    assert widths[0] == THINNEST
    assert widths[1] - THINNEST == pytest.approx(9 * (widths[2] - THINNEST))


def test_what_lasts_is_measured_until_now() -> None:
    [lane] = lanes_of(document(attempt(1, None, step("deploying", 0, None)), now=7))
    assert (lane.pieces[0].lasts, lane.pieces[0].seconds, lane.seconds) == (True, 7, 7)


def test_running_for_months_does_not_dwarf_the_attempt() -> None:
    steps = (step("deploying", 0, 60), step("running", 60, None))
    [lane] = lanes_of(document(attempt(1, 60, *steps), now=10_000_000))
    assert lane.pieces[0].width == pytest.approx(WIDTH - THINNEST)
    assert lane.pieces[1].width == THINNEST
    assert lane.pieces[1].seconds == 10_000_000 - 60


def test_the_newest_attempt_stands_first() -> None:
    first, second = attempt(1, 5, step("deploying", 0, 5)), attempt(2, 9, step("deploying", 5, 9))
    assert [lane.attempt.attempt for lane in lanes_of(document(first, second, now=9))] == [2, 1]
