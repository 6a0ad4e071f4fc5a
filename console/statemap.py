"""The state diagram with one instance's way through it: where it is, how it came there, and the same in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal

from console.layouts import Arrow, Box, Layout, Move, layouts
from schemas.timeline import Timeline, TimelineAttempt, TimelineStep
from statemachine.diagram import arrows
from statemachine.states import MEANINGS, State

LAYOUTS = dict(zip(("wide", "narrow"), layouts(), strict=True))
MOVES = arrows()
LATEST, ATTEMPTS = 12, 5
"""States of one attempt, and attempts, that are told in words; what came before them is in the audit log."""

Mark = Literal["now", "taken", "before", "never"]
"""Where it is; what this attempt has taken; what only earlier ones have; the rest."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A box or an arrow as it is drawn: `words` are shown where somebody points at it."""

    shape: Box | Arrow
    status: str
    mark: Mark
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One layout with its marks."""

    name: str
    layout: Layout
    boxes: list[Seen]
    arrows: list[Seen]


@dataclass(frozen=True, slots=True)
class Way:
    """The states that one attempt has passed; `more` are so many before those."""

    attempt: int
    more: int
    steps: list[TimelineStep]


@dataclass(frozen=True, slots=True)
class StateMap:
    """`ways`: newest attempt first; `earlier`: there are more."""

    pictures: list[Picture]
    ways: list[Way]
    earlier: bool


def state_map(document: dict[str, object]) -> StateMap:
    """From GET /api/instances/{id}/timeline, which is read from the audit log."""
    timeline = Timeline.model_validate(document)
    marks = _marks(timeline)
    pictures = [_picture(name, layout, marks) for name, layout in LAYOUTS.items()]
    ways = [_way(each) for each in reversed(timeline.attempts[-ATTEMPTS:])]
    return StateMap(pictures, ways, timeline.earlier or len(timeline.attempts) > ATTEMPTS)


def _marks(timeline: Timeline) -> dict[State | Move, Mark]:
    """What is not in it was never taken."""
    marks: dict[State | Move, Mark] = {}
    latest = timeline.attempts[-1].attempt if timeline.attempts else None
    steps = list(_steps(timeline))
    for (_, before), (attempt, state) in pairwise(steps):
        mark: Mark = "taken" if attempt == latest else "before"
        marks[before] = marks.get(before, mark)
        marks[state] = marks[before, state] = mark
    if steps:
        marks[steps[-1][1]] = "now"
    return marks


def _steps(timeline: Timeline) -> Iterator[tuple[int, State]]:
    """All of them in order, with the attempt; before the first there was nothing, where that is known."""
    begin = [] if timeline.earlier else [(0, State.NONE)]
    return chain(begin, ((each.attempt, State(step.state)) for each in timeline.attempts for step in each.steps))


def _picture(name: str, layout: Layout, marks: Mapping[State | Move, Mark]) -> Picture:
    boxes = [
        Seen(box, _status(state), marks.get(state, "never"), _meaning(state)) for state, box in layout.boxes.items()
    ]
    drawn = {**layout.arrows, **{move: layout.around(move) for move in _elsewhere(marks, layout)}}
    found = [Seen(arrow, "", marks.get(move, "never"), _events(move)) for move, arrow in drawn.items()]
    return Picture(name, layout, boxes, sorted(found, key=lambda each: each.mark != "never"))


def _elsewhere(marks: Iterable[State | Move], layout: Layout) -> Iterator[Move]:
    """Moves that were made along arrows which are not always drawn."""
    return (each for each in marks if isinstance(each, tuple) and each[0] is not each[1] and each not in layout.arrows)


def _status(state: State) -> str:
    return "" if state is State.NONE else MEANINGS[state].status


def _meaning(state: State) -> str:
    return "" if state is State.NONE else f"{state.value}: {MEANINGS[state].text}"


def _events(move: Move) -> str:
    return f"{move[0].value} → {move[1].value}: {', '.join(MOVES.get(move, ()))}"


def _way(attempt: TimelineAttempt) -> Way:
    return Way(attempt.attempt, max(0, len(attempt.steps) - LATEST), attempt.steps[-LATEST:])
