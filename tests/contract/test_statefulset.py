"""A database server of its own: a StatefulSet whose pod has a claim that outlives it."""

from tests.contract.client import Client, Object
from tests.contract.manifests import stateful_set
from tests.contract.seeing import until_seen
from tests.support.waiting import until


async def _until_ready(cluster: Client, name: str) -> Object:
    async def ready() -> Object | None:
        found = await cluster.get("statefulsets", name)
        return found if found["status"].get("readyReplicas") == 1 else None

    return await until_seen(ready, 30.0)


async def test_it_runs_a_pod_by_ordinal_with_its_claim(cluster: Client) -> None:
    await cluster.apply("statefulsets", stateful_set("db"))
    found = await _until_ready(cluster, "db")
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
    pod = await cluster.get("pods", "db-0")
    (volume,) = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "data"]
    assert volume["persistentVolumeClaim"]["claimName"] == "data-db-0"
    assert (await cluster.get("persistentvolumeclaims", "data-db-0"))["status"]["phase"] == "Bound"


async def test_its_claim_outlives_it(cluster: Client) -> None:
    await cluster.apply("statefulsets", stateful_set("db"))
    await _until_ready(cluster, "db")
    before = await cluster.get("persistentvolumeclaims", "data-db-0")
    await cluster.delete("statefulsets", "db", propagationPolicy="Foreground")
    await cluster.gone("statefulsets", "db")
    await cluster.gone("pods", "db-0")
    await cluster.apply("statefulsets", stateful_set("db"))
    await _until_ready(cluster, "db")
    after = await cluster.get("persistentvolumeclaims", "data-db-0")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


async def test_a_lost_pod_comes_back_under_its_name(cluster: Client) -> None:
    await cluster.apply("statefulsets", stateful_set("db"))
    await _until_ready(cluster, "db")
    lost = await cluster.get("pods", "db-0")
    await cluster.delete("pods", "db-0")

    async def back() -> bool:
        pod = await cluster.find("pods", "db-0")
        return pod is not None and pod["metadata"]["uid"] != lost["metadata"]["uid"]

    await until(back, 20.0)
    await _until_ready(cluster, "db")


async def test_it_is_stopped_and_started_by_its_scale(cluster: Client) -> None:
    await cluster.apply("statefulsets", stateful_set("db"))
    await _until_ready(cluster, "db")
    await cluster.patch("statefulsets", "db", {"spec": {"replicas": 0}}, "scale")
    await cluster.gone("pods", "db-0")
    await cluster.patch("statefulsets", "db", {"spec": {"replicas": 1}}, "scale")
    await _until_ready(cluster, "db")
