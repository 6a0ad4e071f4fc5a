"""The capacity hint agrees with what the scheduler then does."""

from cluster.capacity import capacity
from cluster.client import Cluster
from cluster.observe import Phase
from tests.integration.cluster.doing import deployed, instance, reaches


async def test_a_request_that_fits(cluster: Cluster) -> None:
    found = await capacity(cluster, "1", "1Gi")
    assert (found.fits, found.short) == (True, None)
    assert [node.name for node in found.nodes] == ["node-0"]
    assert "hint" in found.hint


async def test_what_is_short_is_named(cluster: Cluster) -> None:
    found = await capacity(cluster, "64", "1000Gi")
    assert found.fits is False
    assert "of 64 cores free" in str(found.short)
    assert "of 1024000 MiB free" in str(found.short)


async def test_what_pods_have_taken_is_counted(cluster: Cluster) -> None:
    before = (await capacity(cluster, "1", "1Gi")).nodes[0]
    row = instance(request={"cpu": "500m", "memory": "1Gi"})
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    after = (await capacity(cluster, "1", "1Gi")).nodes[0]
    assert after.cpu_used == before.cpu_used + 0.5
    assert after.memory_used == before.memory_used + 2**30
