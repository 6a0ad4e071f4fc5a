"""Looking at attempts that fail, each in the cluster's own words."""

from cluster.client import Cluster
from cluster.kinds import NODE, Kind
from cluster.observe import Phase
from schemas.codes import ErrorCode
from tests.integration.cluster.doing import deployed, instance, reaches
from tests.support.waiting import until

QUOTA = Kind("ResourceQuota", "v1", "resourcequotas")


async def test_no_room(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)

    async def said() -> str | None:
        return (await reaches(cluster, row, Phase.UNSCHEDULED)).cause

    nodes = len(await cluster.select(NODE))
    assert await until(said) == f"0/{nodes} nodes are available: {nodes} Insufficient cpu."
    observed = await reaches(cluster, row, Phase.UNSCHEDULED)
    assert observed.error_code is ErrorCode.INSUFFICIENT_RESOURCES


async def test_an_image_that_cannot_be_pulled(cluster: Cluster) -> None:
    row = instance(request={"image": "missing:1"})
    await deployed(cluster, row)
    observed = await reaches(cluster, row, Phase.FAILED)
    assert observed.error_code is ErrorCode.IMAGE_PULL
    assert "missing:1" in (observed.cause or "")


async def test_a_container_that_keeps_crashing(cluster: Cluster) -> None:
    row = instance(request={"image": "crash:1"})
    await deployed(cluster, row)
    observed = await reaches(cluster, row, Phase.FAILED)
    assert observed.error_code is ErrorCode.CRASH_LOOP
    assert "odoo" in (observed.cause or "")


async def test_a_quota(cluster: Cluster) -> None:
    await deployed(cluster, instance())
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"requests.cpu": "1"}}}
    await cluster.apply(QUOTA, quota)

    async def counted() -> bool:
        found = await cluster.get(QUOTA, "small")
        return bool(found and found.get("status", {}).get("used"))

    await until(counted)
    row = instance(request={"cpu": "2"})
    await deployed(cluster, row)

    async def said() -> str | None:
        return (await reaches(cluster, row, Phase.UNSCHEDULED)).cause

    cause = await until(said)
    assert str(cause).startswith("The cluster makes no pod: exceeded quota: small, requested: requests.cpu=2")
    assert (await reaches(cluster, row, Phase.UNSCHEDULED)).error_code is ErrorCode.QUOTA_EXCEEDED
