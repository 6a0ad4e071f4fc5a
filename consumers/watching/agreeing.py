"""Says in what the cluster is not as a row that rests wants it: pure, over what the watcher would see of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from cluster.kinds import CLAIM, INGRESS, POSTGRES_CLUSTER, STATEFUL_SET, Kind, Object
from cluster.leftovers import attempt_of, is_leftover
from cluster.names import ODOO, object_names
from cluster.observe import Phase, observe_running
from cluster.ownership import changed
from cluster.sight import Sight, sight_of, terminating
from statemachine.instance import Instance
from statemachine.states import State

RESTING = frozenset({State.RUNNING, State.STOPPED, State.TRASHED, State.ERROR, State.DELETED})
"""States that last until something happens; in the others the cluster is on its way, and nothing can be said."""
_KEPT = RESTING - {State.DELETED}


class Found(NamedTuple):
    """One object of an instance, in its role: odoo or database."""

    kind: Kind
    role: str
    object: Object

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.kind.name} {self.object['metadata']['name']}"


def disagreements(row: Instance, found: Sequence[Found], now: datetime, grace: float) -> list[str]:
    """What differs, one sentence each; `found` are all objects of the instance, slim. Nothing of a row on its way."""
    if row.state not in RESTING:
        return []
    mine = [each for each in found if each.role == ODOO and _attempt(each) == row.attempt]
    sight = sight_of((each.kind, each.object) for each in mine)
    return [*_missing(row, mine), *_otherwise(row, sight, now, grace), *_serverless(row, found), *_unwanted(row, found)]


def _missing(row: Instance, mine: Sequence[Found]) -> Iterator[str]:
    """What must be there as long as the instance may run again; of what is in the trash the volume."""
    there = {each.name for each in mine if not terminating(each.object)}
    for kind, names in object_names(row).items():
        wanted = kind is CLAIM if row.state is State.TRASHED else kind is not INGRESS
        if wanted and row.state in (State.RUNNING, State.STOPPED, State.TRASHED):
            yield from (f"{kind.name} {name} is missing" for name in names if f"{kind.name} {name}" not in there)


def _otherwise(row: Instance, sight: Sight, now: datetime, grace: float) -> Iterator[str]:
    deployment = sight.deployment
    if deployment is None:
        return
    if row.state is State.RUNNING:
        seen = observe_running(sight, now, grace)
        cause = seen.cause if seen.phase is Phase.LOST else changed(sight)
        if cause:
            yield f"it does not run as it should: {cause}"
    elif row.state is State.STOPPED and (replicas := deployment["spec"].get("replicas", 1)):
        yield f"Deployment {deployment['metadata']['name']} is scaled to {replicas}, and should be to 0"


def _serverless(row: Instance, found: Sequence[Found]) -> Iterator[str]:
    dedicated = row.request.db_type == "dedicated" and row.database is not None and row.adopted is None
    if dedicated and row.state in _KEPT and not any(each.kind in (STATEFUL_SET, POSTGRES_CLUSTER) for each in found):
        yield "the dedicated database server is missing"


def _unwanted(row: Instance, found: Sequence[Found]) -> Iterator[str]:
    for each in found:
        if terminating(each.object):
            continue
        attempt = _attempt(each)
        if row.state is State.DELETED:
            yield f"{each.name} should not be there"
        elif each.role == ODOO and attempt is not None and attempt > row.attempt:
            yield f"{each.name} is of attempt {attempt}, and the instance is at attempt {row.attempt}"
        elif each.role == ODOO and attempt is not None and is_leftover(row, attempt):
            yield f"{each.name} of attempt {attempt} should not be there"


def _attempt(found: Found) -> int | None:
    return attempt_of(found.object["metadata"].get("labels") or {})
