"""The capacity hint agrees with what the scheduler then does."""

from cluster.capacity import capacity as hint
from cluster.client import Cluster
from cluster.kinds import NODE
from cluster.observe import Phase
from cluster.profiles import Profiles
from schemas.views import Capacity, NodeRoom
from tests.integration.cluster.doing import deployed, instance, reaches


async def capacity(cluster: Cluster, cpu: str, memory: str) -> Capacity:
    return await hint(cluster, Profiles(), instance(request={"cpu": cpu, "memory": memory}))


async def test_a_request_that_fits(cluster: Cluster) -> None:
    found = await capacity(cluster, "1", "1Gi")
    assert (found.fits, found.short) == (True, None)
    assert {node["metadata"]["name"] for node in await cluster.select(NODE)} == {node.name for node in found.nodes}
    assert "hint" in found.hint


async def test_what_is_short_is_named(cluster: Cluster) -> None:
    found = await capacity(cluster, "64", "1000Gi")
    assert found.fits is False
    assert "cores free of the 64 needed" in str(found.short)
    assert "MiB free of the 1024000 needed" in str(found.short)


async def test_what_pods_have_taken_is_counted(cluster: Cluster) -> None:
    before = await capacity(cluster, "1", "1Gi")
    row = instance(request={"cpu": "500m", "memory": "1Gi"})
    await deployed(cluster, row)
    node = (await reaches(cluster, row, Phase.READY)).node
    after = await capacity(cluster, "1", "1Gi")
    assert of(after, node).cpu_used == of(before, node).cpu_used + 0.5
    assert of(after, node).memory_used == of(before, node).memory_used + 2**30
    assert of(after, node).pods_used == of(before, node).pods_used + 1


def of(found: Capacity, name: str | None) -> NodeRoom:
    return next(node for node in found.nodes if node.name == name)
