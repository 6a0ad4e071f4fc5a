"""Dedicated servers through the service, made by the real client in a simulated cluster."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.kinds import STATEFUL_SET
from cluster.profiles import DatabaseServer
from databases.dedicated import DedicatedHost
from databases.secrets import Vault
from databases.service import DatabaseService
from schemas.errors import ClusterDown, NotYet
from schemas.settings import Settings
from tests.integration.databases.bench import CUSTOMER, Guard
from tests.support.waiting import until

Answer = TypeVar("Answer")


async def done(work: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer, once it is no longer under way."""
    answers: list[Answer] = []

    async def ask() -> bool:
        try:
            answers.append(await work())
        except (NotYet, ClusterDown):
            return False
        return True

    await until(ask, 30)
    return answers[0]


async def test_a_server_is_made_emptied_and_removed(
    engine: AsyncEngine, vault: Vault, simulated_cluster: Path, instance_id: UUID
) -> None:
    async with Cluster(Settings(kubeconfig=simulated_cluster, installation="test")) as cluster:
        host = DedicatedHost(DedicatedServers(cluster, DatabaseServer()))
        service = DatabaseService(engine, vault, {"dedicated": host}, Guard())

        first = await done(lambda: service.allocate(instance_id, CUSTOMER, "dedicated"))
        assert await cluster.get(STATEFUL_SET, first.db_server_id) is not None
        emptied = await done(lambda: service.empty(instance_id, 1))
        assert [line.action for line in emptied] == ["emptied"]
        assert await done(lambda: service.allocate(instance_id, CUSTOMER, "dedicated")) == first

        lines = await done(lambda: service.release(instance_id))
        assert (STATEFUL_SET.name, first.db_server_id, "deleted") in {
            (line.kind, line.name, line.action) for line in lines
        }
        assert await cluster.get(STATEFUL_SET, first.db_server_id) is None
