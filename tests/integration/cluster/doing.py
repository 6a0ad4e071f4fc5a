"""Carries out what takes several looks, as the effects do, but without waiting between them longer than needed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from cluster.client import Cluster
from cluster.credentials import Credentials
from cluster.deploy import deploy
from cluster.observe import Observation, Phase, observe
from cluster.profiles import Profiles
from cluster.remove import remove
from cluster.sight import look
from schemas.errors import ClusterDown, NotYet
from schemas.payloads import ReceiptLine
from statemachine.instance import Instance
from tests.support.waiting import until
from tests.unit.cluster import objects

Value = TypeVar("Value")
CREDENTIALS = Credentials("db.example", 5432, "odoo", "odoo", "secret")


def instance(**values: Any) -> Instance:
    """An instance with an id of its own."""
    return objects.instance(id=uuid4(), **values)


async def done(work: Callable[[], Awaitable[Value]], timeout: float = 60) -> Value:  # noqa: ASYNC109 - for `until`
    """The answer of `work` once it does not ask to come back any more."""

    async def attempt() -> tuple[Value] | None:
        try:
            return (await work(),)
        except (NotYet, ClusterDown):
            return None

    answer = await until(attempt, timeout, what="the work to be done")
    assert answer is not None
    return answer[0]


async def deployed(cluster: Cluster, row: Instance, profiles: Profiles | None = None) -> list[str]:
    """Deploy, and come back while the namespace is being made."""
    return await done(lambda: deploy(cluster, row, CREDENTIALS, profiles or Profiles()))


async def reaches(cluster: Cluster, row: Instance, *phases: Phase, grace: float = 0.0) -> Observation:
    """The observation of the first of these phases."""

    async def reached() -> Observation | None:
        seen = observe(await look(cluster, row), row.step, datetime.now(UTC), grace)
        return seen if seen.phase in phases else None

    found = await until(reached, what=f"{row.name} to be {phases}")
    assert found is not None
    return found


async def unmoved() -> None:
    """A check that finds the row as it was."""


async def no_database(started: bool) -> list[ReceiptLine]:
    """There is none to deal with."""
    return []


async def removed(cluster: Cluster, row: Instance) -> list[ReceiptLine]:
    """Remove the attempt, looking afresh each time."""

    async def attempt() -> list[ReceiptLine]:
        return await remove(cluster, row, await look(cluster, row), unmoved, no_database)

    return await done(attempt)
