"""The state diagram of one instance: drawn as the table has it, marked as the audit log has it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console.layouts import Layout, layouts
from console.statemap import ATTEMPTS, LATEST, StateMap, state_map
from schemas.timeline import Timeline, TimelineAttempt, TimelineStep
from statemachine.diagram import usual
from statemachine.states import State

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)
LAYOUTS = pytest.mark.parametrize("layout", layouts(), ids=["wide", "narrow"])
FAILED = ("pending", "allocating_database", "deploying", "cleaning_up", "error")
RAN = ("pending", "allocating_database", "deploying", "initializing", "running")


def mapped(*attempts: tuple[str, ...], earlier: bool = False) -> StateMap:
    made = [_attempt(number, states, last=number == len(attempts)) for number, states in enumerate(attempts, 1)]
    timeline = Timeline(instance_id=UUID(int=1), at=BEGAN, earlier=earlier, attempts=made)
    return state_map(timeline.model_dump(mode="json"))


def _attempt(number: int, states: tuple[str, ...], *, last: bool) -> TimelineAttempt:
    steps = [
        TimelineStep(
            state=state,
            began_at=BEGAN + timedelta(seconds=place),
            began_by="x",
            ended_at=None if last and place == len(states) - 1 else BEGAN,
        )
        for place, state in enumerate(states)
    ]
    return TimelineAttempt(attempt=number, job_id=UUID(int=1), actor="cli:a", began_at=BEGAN, steps=steps)


def boxes(found: StateMap) -> Mapping[str, str]:
    return {each.words.partition(":")[0]: each.mark for each in found.pictures[0].boxes}


def arrows(found: StateMap, *marks: str) -> set[str]:
    return {each.words.partition(":")[0] for each in found.pictures[0].arrows if each.mark in marks}


@LAYOUTS
def test_every_state_has_a_box_and_every_usual_move_an_arrow(layout: Layout) -> None:
    assert set(layout.boxes) == set(State)
    assert set(layout.arrows) == usual()


@LAYOUTS
def test_no_box_covers_another_and_all_are_inside(layout: Layout) -> None:
    placed = list(layout.boxes.values())
    for box in placed:
        assert box.left >= 0
        assert box.left + box.width <= layout.width
        assert box.top >= 0
        assert box.top + box.height <= layout.height
    for number, one in enumerate(placed):
        for other in placed[number + 1 :]:
            beside = one.left + one.width <= other.left or other.left + other.width <= one.left
            assert beside or one.top + one.height <= other.top or other.top + other.height <= one.top


def test_where_it_is_and_the_way_there_are_marked() -> None:
    found = mapped(FAILED)
    marks = boxes(found)
    assert marks["error"] == "now"
    assert {marks[state] for state in FAILED[:-1]} == {"taken"}
    assert marks["running"] == marks["initializing"] == "never"
    assert arrows(found, "taken", "before") == {
        "none → pending",
        "pending → allocating_database",
        "allocating_database → deploying",
        "deploying → cleaning_up",
        "cleaning_up → error",
    }


def test_what_only_an_earlier_attempt_took_is_marked_as_such() -> None:
    found = mapped(FAILED, RAN)
    marks = boxes(found)
    assert (marks["running"], marks["deploying"], marks["cleaning_up"], marks["error"]) == (
        "now",
        "taken",
        "before",
        "before",
    )
    assert "error → pending" in arrows(found, "taken")
    assert arrows(found, "before") == {"none → pending", "deploying → cleaning_up", "cleaning_up → error"}


def test_a_move_that_is_not_always_drawn_is_drawn_where_it_was_made() -> None:
    usually, deleted = mapped(RAN), mapped((*RAN, "trashed"))
    assert "running → trashed" not in arrows(usually, "never", "taken", "before")
    assert "running → trashed" in arrows(deleted, "taken")


def test_what_was_before_the_rows_that_were_read_is_not_made_up() -> None:
    found = mapped(("deploying", "initializing", "running"), earlier=True)
    assert not any(each.startswith("none →") for each in arrows(found, "taken"))
    assert found.earlier


def test_the_words_are_the_latest_states_of_the_latest_attempts() -> None:
    flapping = (*RAN, *("degraded", "running") * LATEST)
    found = mapped(*[FAILED] * ATTEMPTS, flapping)
    assert [way.attempt for way in found.ways] == list(range(ATTEMPTS + 1, 1, -1))
    assert found.earlier
    assert len(found.ways[0].steps) == LATEST
    assert found.ways[0].more == len(flapping) - LATEST
    assert [step.state for step in found.ways[1].steps] == list(FAILED)


def test_an_instance_of_which_nothing_is_known_is_drawn_without_marks() -> None:
    found = mapped()
    assert arrows(found, "taken", "before") == set()
    assert found.ways == []
