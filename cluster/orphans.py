"""Finds objects of this installation that no instance wants, for a person to look at: they are never removed unasked.

A database that was restored to an earlier day, or an empty one, knows nothing of instances that are well: what looks
like an orphan then is a customer's. What was adopted existed before Reprise, and may serve though its adoption broke
off: it is no orphan ever. What failed attempts leave of known instances is another matter (leftovers.py).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, JOB, POSTGRES_CLUSTER, SECRET, SERVICE, STATEFUL_SET, Kind, Object
from cluster.leftovers import attempt_of
from cluster.names import ADOPTED, DATABASE, INSTALLATION, INSTANCE, ROLE
from cluster.removal import select, server_kinds
from cluster.sight import terminating
from statemachine.instance import Instance
from statemachine.states import State

LOOKED_AT = (DEPLOYMENT, STATEFUL_SET, JOB, INGRESS, SERVICE, SECRET, CLAIM)
"""In the order in which they are removed: a volume is not taken from under what uses it."""

Known = Callable[[set[UUID]], Awaitable[Mapping[UUID, Instance]]]
"""The rows of these instances, as far as there are any."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """One object that nobody wants, whose it says it is, and why it is taken for an orphan."""

    kind: Kind
    found: Object
    instance: str
    why: str

    @property
    def name(self) -> str:
        """As the cluster knows it."""
        return str(self.found["metadata"]["name"])

    @property
    def holds_data(self) -> bool:
        """Its removal would be the end of somebody's data, or of the key to it."""
        role = self.found["metadata"]["labels"].get(ROLE)
        return self.kind in (CLAIM, STATEFUL_SET, POSTGRES_CLUSTER) or (self.kind is SECRET and role == DATABASE)


async def orphans(cluster: Cluster, known: Known) -> list[Orphan]:
    """All of them. Raises ClusterDown, and what `known` raises."""
    kinds = dict.fromkeys((*await server_kinds(cluster), *LOOKED_AT))
    found = await select(cluster, tuple(kinds), {INSTALLATION: cluster.installation})
    rows = await known({identity for _, each in found if (identity := _identity(each)) is not None})
    return [
        Orphan(kind, each, each["metadata"]["labels"].get(INSTANCE, ""), why)
        for kind, each in found
        if not terminating(each) and ADOPTED not in each["metadata"]["labels"] and (why := _why(each, rows)) is not None
    ]


async def remove_orphans(cluster: Cluster, unwanted: Iterable[Orphan]) -> list[Orphan]:
    """Ask for the deletion of the very objects that were seen; those that were there still. Raises ClusterDown."""
    return [each for each in unwanted if await cluster.delete(each.kind, each.found)]


def _why(found: Object, rows: Mapping[UUID, Instance]) -> str | None:
    identity = _identity(found)
    row = rows.get(identity) if identity is not None else None
    if row is None:
        return "no such instance is known"
    if row.state is State.DELETED:
        return "the instance is deleted"
    attempt = attempt_of(found["metadata"]["labels"])
    if attempt is not None and attempt > row.attempt:
        return f"it is of attempt {attempt}, and the instance is at attempt {row.attempt}"
    return None


def _identity(found: Object) -> UUID | None:
    try:
        return UUID(found["metadata"]["labels"].get(INSTANCE, ""))
    except ValueError:
        return None
