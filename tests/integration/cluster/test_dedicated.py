"""Dedicated database servers: made once, emptied without being replaced, gone when released."""

import pytest

from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.kinds import CLAIM, JOB, POD, SECRET, SERVICE, STATEFUL_SET
from cluster.names import DATABASE, labels, selector, server_name
from cluster.profiles import DatabaseServer
from cluster.removal import select
from schemas.errors import ClusterDown, NotYet
from statemachine.instance import Instance
from tests.integration.cluster.doing import done, instance

KINDS = (STATEFUL_SET, CLAIM, SERVICE, SECRET, POD, JOB)


@pytest.fixture
def servers(cluster: Cluster) -> DedicatedServers:
    return DedicatedServers(cluster, DatabaseServer())


async def ensured(servers: DedicatedServers, row: Instance) -> tuple[str, int]:
    return await done(lambda: servers.ensure(row.id, "customer", "acme", "secret", "odoo_db", "odoo_user"))


async def test_it_answers_once_a_replica_is_ready(cluster: Cluster, servers: DedicatedServers) -> None:
    row = instance()
    with pytest.raises((NotYet, ClusterDown)):
        await servers.ensure(row.id, "customer", "acme", "secret", "odoo_db", "odoo_user")
    assert await ensured(servers, row) == (f"{server_name(row.id)}.{cluster.namespace}.svc", 5432)


async def test_asking_again_changes_nothing(cluster: Cluster, servers: DedicatedServers) -> None:
    row = instance()
    first = await ensured(servers, row)
    before = await cluster.get(STATEFUL_SET, server_name(row.id))
    assert await ensured(servers, row) == first
    after = await cluster.get(STATEFUL_SET, server_name(row.id))
    assert before is not None
    assert after is not None
    assert before["metadata"]["generation"] == after["metadata"]["generation"]


async def test_all_of_it_is_seen_gone_and_told(cluster: Cluster, servers: DedicatedServers) -> None:
    row = instance()
    await ensured(servers, row)
    lines = await done(lambda: servers.remove(row.id))
    assert {line.kind for line in lines if line.action == "deleted"} >= {
        "StatefulSet",
        "PersistentVolumeClaim",
        "Service",
        "Secret",
    }
    assert await select(cluster, KINDS, labels(cluster.installation, row.id, DATABASE)) == []


async def test_another_instances_server_stays(cluster: Cluster, servers: DedicatedServers) -> None:
    one, other = instance(), instance()
    await ensured(servers, one)
    await ensured(servers, other)
    await done(lambda: servers.remove(one.id))
    left = await cluster.select(STATEFUL_SET, selector(labels(cluster.installation, other.id, DATABASE)))
    assert [each["metadata"]["name"] for each in left] == [server_name(other.id)]


async def test_releasing_what_is_not_there_says_so(servers: DedicatedServers) -> None:
    lines = await done(lambda: servers.remove(instance().id))
    assert [(line.kind, line.action) for line in lines] == [("StatefulSet", "absent")]


async def test_emptying_keeps_the_server_and_leaves_no_job(cluster: Cluster, servers: DedicatedServers) -> None:
    row = instance()
    await ensured(servers, row)
    before = await cluster.get(STATEFUL_SET, server_name(row.id))
    await done(lambda: servers.empty(row.id, "odoo_db", "odoo_user"))
    after = await cluster.get(STATEFUL_SET, server_name(row.id))
    assert before is not None
    assert after is not None
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert await cluster.select(JOB) == []


async def test_the_job_drops_and_makes_the_database(cluster: Cluster, servers: DedicatedServers) -> None:
    row = instance()
    await ensured(servers, row)
    with pytest.raises(NotYet):
        await servers.empty(row.id, 'odd"name', "odoo_user")
    [job] = await cluster.select(JOB)
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["command"][-3:] == [
        'DROP DATABASE IF EXISTS "odd""name" WITH (FORCE)',
        "--command",
        'CREATE DATABASE "odd""name" OWNER "odoo_user"',
    ]
    assert job["spec"]["activeDeadlineSeconds"] == 120
