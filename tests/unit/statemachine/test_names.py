"""Holds the tests of the edges against the state table: every edge has one named after it."""

import re
from collections.abc import Iterable

import pytest

from schemas.types import EventType as E
from statemachine.states import State as S
from statemachine.table import EDGES, Edge
from tests.unit.statemachine import test_edges, test_held, test_retry
from tests.unit.statemachine.scenario import EXISTING

STATES = {
    **{state.value: (state,) for state in S},
    "never_ran": test_edges.NEVER_RAN,
    "ran": (S.RUNNING, S.DEGRADED, S.STOPPING, S.STOPPED, S.STARTING),
    "transitional": test_edges.TRANSITIONAL,
    "existing": (*EXISTING, S.DELETED),
}
"""Groups are those that the tests run over, not the table's own: what the table gains is missed here."""
EVENTS = {
    **{event.value.replace(".", "_"): (event,) for event in E},
    "failure": (E.DEPLOY_FAILED, E.DEPLOY_TIMEOUT, E.INIT_TIMEOUT, E.CANCEL_REQUESTED),
    "retry_outcome": (E.RETRY_VERIFIED, E.RETRY_FAILED),
}
Taken = tuple[S, E, str]


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


NAME = re.compile(f"test_((?:(?:{_one_of(STATES)})_)+)({_one_of(EVENTS)})_({_one_of([*STATES, 'same'])})(_.+)?")
"""The states it leaves, the event, the state it enters, and perhaps when."""
TESTS = [name for name in (*vars(test_edges), *vars(test_held), *vars(test_retry)) if NAME.fullmatch(name)]


def named_by(test: str) -> set[Taken]:
    """What a test is about."""
    found = NAME.fullmatch(test)
    assert found is not None
    sources = [state for word in re.findall(_one_of(STATES), found[1]) for state in STATES[word]]
    return {(source, event, found[3]) for source in sources for event in EVENTS[found[2]]}


def taken_by(edge: Edge) -> set[Taken]:
    return {(source, edge.event, edge.dest.value if edge.dest else "same") for source in edge.sources}


def _label(edge: Edge) -> str:
    return f"{edge.sources[0].value}-{edge.event.value}-{edge.dest.value if edge.dest else 'same'}"


@pytest.mark.parametrize("edge", EDGES, ids=_label)
def test_every_edge_has_a_test_of_its_name(edge: Edge) -> None:
    missing = taken_by(edge) - set().union(*map(named_by, TESTS))
    assert not missing, "write tests that are named after these"


@pytest.mark.parametrize("test", TESTS)
def test_every_test_that_is_named_after_an_edge_has_one(test: str) -> None:
    assert named_by(test) & set().union(*map(taken_by, EDGES)), "the table has no such edge"
