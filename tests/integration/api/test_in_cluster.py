"""What the API asks of a cluster, asked of one over HTTP by the real client."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from api.in_cluster import InCluster
from api.ports import Thing
from cluster.client import Cluster
from cluster.hosts import Exposure
from cluster.kinds import CLAIM, SECRET, SERVICE, STATEFUL_SET
from cluster.manifests import claim, service
from cluster.names import DATABASE, ODOO, attempt_name, certificate_name, labels, server_name
from cluster.profiles import Profile, Profiles
from cluster.secret import ADMIN
from schemas.errors import ClusterDown
from schemas.requests import DatabaseType, InstanceRequest
from schemas.settings import Settings
from statemachine.instance import Instance
from statemachine.states import State
from tests.support.cluster import simulated_cluster

__all__ = ["simulated_cluster"]


PROFILES = Profiles(profiles={"open": Profile(ingress=Exposure(hosts="{name}.{customer}.example.com"))})


@pytest_asyncio.fixture
async def cluster(simulated_cluster: Path) -> AsyncIterator[Cluster]:
    """The real client of a cluster with one node of 4 CPUs and 8 GiB."""
    settings = Settings(kubeconfig=simulated_cluster, cluster="simulated")
    async with Cluster(settings) as client:
        with suppress(ClusterDown):  # the first write makes the namespace
            await client.create(SECRET, {"metadata": {"name": "first"}})
        yield client


def _instance(db_type: DatabaseType = "shared") -> Instance:
    return Instance(
        id=uuid4(),
        customer_id="acme",
        name="shop",
        request=InstanceRequest(db_type=db_type),
        job_id=uuid4(),
        created_at=datetime.now(UTC),
        state=State.ERROR,
        attempt=1,
    )


async def test_capacity_says_whether_it_fits_and_what_is_short(cluster: Cluster) -> None:
    room, large_one = InCluster(cluster, Profiles()), replace(_instance(), request=InstanceRequest(cpu="64"))
    small, large = await room.capacity(_instance()), await room.capacity(large_one)
    assert (small.fits, small.short) == (True, None)
    assert large.fits is False
    assert "cores" in (large.short or "")
    assert small.nodes[0].cpu == 4


async def test_the_objects_of_an_instance_are_told_from_those_of_its_database_and_of_others(cluster: Cluster) -> None:
    objects, mine, other = InCluster(cluster, Profiles()), _instance("dedicated"), _instance()
    for instance in (mine, other):
        await cluster.apply(CLAIM, claim(cluster.installation, instance, Profile()))
    await cluster.apply(SERVICE, service(cluster.installation, mine, Profile()))
    assert set(await objects.existing(mine)) == {
        Thing("PersistentVolumeClaim", attempt_name(mine)),
        Thing("Service", attempt_name(mine)),
    }
    assert await objects.servers(mine) == []
    name = server_name(mine.id)
    pod_labels = labels(cluster.installation, mine.id, DATABASE)
    template = {
        "metadata": {"labels": pod_labels},
        "spec": {"containers": [{"name": "postgres", "image": "postgres:18"}]},
    }
    spec = {"serviceName": name, "selector": {"matchLabels": pod_labels}, "template": template}
    await cluster.apply(STATEFUL_SET, {"metadata": {"name": name, "labels": pod_labels}, "spec": spec})
    assert Thing("StatefulSet", name) in await objects.servers(mine)
    assert Thing("StatefulSet", name) not in await objects.existing(mine)


async def test_the_admin_password_is_that_of_the_attempt_s_secret(cluster: Cluster) -> None:
    objects, mine = InCluster(cluster, Profiles()), _instance()
    assert await objects.admin_password(mine) == ""
    await cluster.apply(SECRET, {"metadata": {"name": attempt_name(mine)}, "stringData": {ADMIN: "made-once"}})
    assert await objects.admin_password(mine) == "made-once"


async def test_what_outlives_attempts_is_not_told_as_left_by_one(cluster: Cluster) -> None:
    objects, mine = InCluster(cluster, PROFILES), _instance()
    meta = {"name": certificate_name(mine), "labels": labels(cluster.installation, mine.id, ODOO)}
    await cluster.apply(SECRET, {"metadata": meta})
    assert await objects.existing(mine) == []


def test_an_ingress_is_planned_with_its_host_where_the_profile_has_one() -> None:
    row = replace(_instance(), request=InstanceRequest(profile="open"))
    planned = InCluster(Cluster(Settings()), PROFILES).planned(row)
    assert planned[-1] == Thing("Ingress", attempt_name(row), "serves shop.acme.example.com")


def test_the_next_attempt_makes_objects_of_its_own() -> None:
    made = InCluster(Cluster(Settings()), PROFILES).planned(_instance())
    assert {thing.kind for thing in made} == {"Deployment", "PersistentVolumeClaim", "Service", "Secret"}
    assert all(thing.name.endswith("-1") for thing in made)
