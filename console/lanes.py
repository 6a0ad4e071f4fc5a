"""The attempts of an instance as bars: one lane an attempt, one piece a step, as long as it took."""

from dataclasses import dataclass
from datetime import datetime

from schemas.timeline import Timeline, TimelineAttempt, TimelineStep

WIDTH = 1_000
"""Of a lane, in the units of its picture."""
THINNEST = 8
"""A step that took no time is seen all the same."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One step: where it lies in its lane, how many seconds it took, and what it waited for."""

    step: TimelineStep
    seconds: float
    left: float
    width: float

    @property
    def lasts(self) -> bool:
        """Whether it is the step of now."""
        return self.step.ended_at is None


@dataclass(frozen=True, slots=True)
class Lane:
    """One attempt; `seconds` until it came to rest, or until now."""

    attempt: TimelineAttempt
    seconds: float
    pieces: list[Piece]


def lanes_of(document: dict[str, object]) -> list[Lane]:
    """Newest attempt first, from GET /api/instances/{id}/timeline."""
    timeline = Timeline.model_validate(document)
    return [_lane(attempt, timeline.at) for attempt in reversed(timeline.attempts)]


def _lane(attempt: TimelineAttempt, now: datetime) -> Lane:
    """What came after the attempt's end (running for months) is told below it, and not drawn."""
    end = attempt.ended_at or now
    steps = [step for step in attempt.steps if step.began_at < end or step.ended_at is None]
    spans = [max(0.0, (min(step.ended_at or end, end) - step.began_at).total_seconds()) for step in steps]
    widths = _widths(spans)
    lefts = [sum(widths[:number]) for number in range(len(widths))]
    took = [((step.ended_at or now) - step.began_at).total_seconds() for step in steps]
    pieces = [Piece(*each) for each in zip(steps, took, lefts, widths, strict=True)]
    return Lane(attempt, (end - attempt.began_at).total_seconds(), pieces)


def _widths(spans: list[float]) -> list[float]:
    room, whole = WIDTH - THINNEST * len(spans), sum(spans)
    return [THINNEST + (room * span / whole if whole else room / len(spans)) for span in spans]
