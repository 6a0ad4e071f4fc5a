"""The loop with a real Odoo on a cluster that runs containers: what a stand-in cannot show.

Run by `make test-odoo` alone. Images: ODOO_IMAGE and POSTGRES_IMAGE, or else the profiles' own.
"""

import os
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from cluster import security
from cluster.client import Cluster
from cluster.conditions import condition
from cluster.dedicated import DedicatedServers
from cluster.kinds import JOB, POD, Object
from cluster.manifests import from_secret, resources
from cluster.names import attempt_name
from cluster.profiles import DatabaseServer, Profile, Profiles
from cluster.secret import ADMIN
from consumers.converge.converger import Converger
from consumers.converge.parts import Parts
from databases.messages import Allocation
from schemas.payloads import ReceiptLine, RetryRequested
from schemas.requests import RequestChange
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State
from tests.integration.cluster.conftest import cluster, cluster_settings
from tests.integration.cluster.doing import done
from tests.integration.consumers.test_watcher import watching
from tests.integration.consumers.world import World
from tests.support.waiting import until

__all__ = ["cluster", "cluster_settings"]

pytestmark = pytest.mark.timeout(3600)
PULLED = 1500.0
"""Seconds in which images are pulled, the database is initialised and Odoo starts."""
PROFILE = Profile(image=os.environ.get("ODOO_IMAGE", "odoo:18.0"), workers=2, memory="2Gi", modules=("contacts",))
SERVER = DatabaseServer(image=os.environ.get("POSTGRES_IMAGE", "postgres:18-alpine"), volume="1Gi")
SIZE = {"cpu": "250m", "memory": "2Gi", "volume": "1Gi"}

LOG_IN = """
import http.client, os, xmlrpc.client
host, database, password = (os.environ[name] for name in ("ODOO_HOST", "DATABASE", "PASSWORD"))
at = f"http://{host}:8069/xmlrpc/2"
log_in = xmlrpc.client.ServerProxy(f"{at}/common").authenticate
user = log_in(database, "admin", password, {})
assert user, "the random password does not log in"
assert not log_in(database, "admin", "admin", {}), "admin/admin still logs in"
execute = xmlrpc.client.ServerProxy(f"{at}/object").execute_kw
modules = execute(database, user, password, "ir.module.module", "search_read",
                  [[["name", "in", ["base", "contacts"]]]], {"fields": ["state", "demo"]})
assert [(each["state"], each["demo"]) for each in modules] == [("installed", False)] * 2, modules
try:
    print(xmlrpc.client.ServerProxy(f"{at}/db").list())
    raise SystemExit("the database manager is open")
except xmlrpc.client.Fault:
    pass
connection = http.client.HTTPConnection(host, 8072, timeout=30)
connection.request("GET", "/websocket")
assert connection.getresponse().status < 500, "nothing serves the websocket"
"""


class OnCluster:
    """A database-service whose every database is a dedicated server in the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._servers = DedicatedServers(cluster, SERVER)

    async def allocate(self, instance_id: UUID, customer_id: str, db_type: str) -> Allocation:
        host, port = await self._servers.ensure(instance_id, customer_id, "shop", "secret", "odoo", "odoo")
        return Allocation(db_server_id="own", host=host, port=port, database="odoo", username="odoo", password="secret")

    async def empty(self, instance_id: UUID, attempt: int) -> None:
        await self._servers.empty(instance_id, "odoo", "odoo")

    async def release(self, instance_id: UUID) -> list[ReceiptLine]:
        return await self._servers.remove(instance_id)


@pytest_asyncio.fixture
async def world(engine: AsyncEngine, cluster: Cluster) -> World:
    """One instance, whose database is ready."""
    found = World(engine, cluster)
    found.databases = OnCluster(cluster)  # type: ignore[assignment] # in place of one that only remembers
    profiles = Profiles(profiles={"default": PROFILE}, database_server=SERVER)
    found.parts = Parts(engine, cluster, found.databases, profiles, grace=120.0)
    found.converger = Converger(found.parts, found.publisher)
    await found.cluster_is_ready()
    await done(lambda: found.databases.allocate(found.id, "acme", "dedicated"), PULLED)
    return found


async def test_no_room_clean_up_retry_and_an_odoo_that_serves(world: World) -> None:
    await world.deploying(**{**SIZE, "cpu": "900"})
    async with watching(world, grace=120.0):
        await _converged(world)
        cause = await until(lambda: _cause(world), 60)
        assert "Insufficient cpu" in str(cause)
        await world.timed_out()
        await _converged(world)
        await _reaches(world, State.ERROR)
        await world.wish(EventType.RETRY_REQUESTED, RetryRequested(change=RequestChange(cpu=SIZE["cpu"])))
        await world.admitted()
        await _converged(world)
        await _reaches(world, State.RUNNING)
        await _logs_in(world, "first")
        await world.wish(EventType.STOP_REQUESTED)
        await _converged(world)
        await world.wish(EventType.START_REQUESTED)
        await _converged(world)
        await _reaches(world, State.RUNNING)
        await _logs_in(world, "again")


async def _cause(world: World) -> str | None:
    return (await world.row()).cause


async def _converged(world: World) -> None:
    await done(lambda: world.converger.converge(world.id), PULLED)


async def _reaches(world: World, state: State) -> None:
    async def reached() -> bool:
        row = await world.row()
        assert row.state in (state, State.DEPLOYING, State.INITIALIZING, State.STARTING, State.CLEANING_UP), row
        return row.state is state

    await until(reached, PULLED, what=f"the instance to be {state}")


async def _logs_in(world: World, name: str) -> None:
    """In a pod of the cluster, where the Service is reached."""
    row = await world.row()
    await world.cluster.create(JOB, _job(row, f"log-in-{name}"))

    async def ended() -> Object | None:
        found = await world.cluster.get(JOB, f"log-in-{name}")
        over = found and any(condition(found, kind, "True") for kind in ("Complete", "Failed"))
        return found if over else None

    found = await until(ended, PULLED, what="the login to end")
    pods = [each["status"] for each in await world.cluster.select(POD, f"job-name=log-in-{name}")]
    assert condition(found or {}, "Complete", "True"), pods


def _job(row: Instance, name: str) -> Object:
    container = {
        "name": "log-in",
        "image": PROFILE.image,
        "command": ["python3", "-c", LOG_IN],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": resources("50m", "128Mi"),
        "securityContext": security.CONTAINER,
        "env": [
            {"name": "ODOO_HOST", "value": attempt_name(row)},
            {"name": "DATABASE", "value": "odoo"},
            from_secret("PASSWORD", attempt_name(row), ADMIN),
        ],
    }
    pod = {"securityContext": security.pod(PROFILE.user_id, PROFILE.group_id), "containers": [container]}
    spec = {"backoffLimit": 0, "template": {"spec": {**pod, "restartPolicy": "Never"}}}
    return {"metadata": {"name": name}, "spec": spec}
