"""In what the cluster is not as a row that rests wants it; with a real cluster: tests/integration/consumers."""

import pytest

from cluster.kinds import POSTGRES_CLUSTER, STATEFUL_SET, Kind
from consumers.watching.agreeing import RESTING, Found, disagreements
from schemas.payloads import DatabaseRef
from statemachine.states import State
from tests.unit.cluster.objects import NOW, instance, meta

DATABASE = DatabaseRef(db_server_id="db-1", host="h", port=5432, database="d", username="u")
SERVERLESS = "the dedicated database server is missing"


def server(kind: Kind) -> Found:
    return Found(kind, "database", {"metadata": meta("db-1")})


@pytest.mark.parametrize("state", [state for state in State if state is not State.NONE])
def test_a_dedicated_server_must_be_there_as_long_as_the_instance_rests_and_is_not_deleted(state: State) -> None:
    row = instance(state=state, request={"db_type": "dedicated"}, database=DATABASE)
    wanted = state in RESTING and state is not State.DELETED
    assert (SERVERLESS in disagreements(row, [], NOW, 30.0)) is wanted
    for kind in (STATEFUL_SET, POSTGRES_CLUSTER):
        assert SERVERLESS not in disagreements(row, [server(kind)], NOW, 30.0)


def test_of_what_is_deleted_the_server_must_be_gone() -> None:
    row = instance(state=State.DELETED, request={"db_type": "dedicated"}, database=DATABASE)
    assert disagreements(row, [], NOW, 30.0) == []
    assert disagreements(row, [server(STATEFUL_SET)], NOW, 30.0) == ["StatefulSet db-1 should not be there"]


def test_a_shared_database_has_no_server_in_the_cluster() -> None:
    row = instance(state=State.ERROR, has_run=False, database=DATABASE)
    assert disagreements(row, [], NOW, 30.0) == []


def test_nothing_is_said_of_what_is_on_its_way() -> None:
    for state in set(State) - RESTING - {State.NONE}:
        assert disagreements(instance(state=state), [server(STATEFUL_SET)], NOW, 30.0) == []
