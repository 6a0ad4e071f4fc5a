"""Deployments as Reprise uses them: one pod, Recreate, stopped by scaling to zero."""

import asyncio

import pytest

from tests.contract.client import Client, Object
from tests.contract.manifests import deployment, pod_spec
from tests.contract.seeing import condition, pods, until_ready, until_seen
from tests.support.waiting import until


async def test_the_status_tells_of_which_spec_it_speaks(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    first = await until_ready(cluster, "web")
    assert first["status"]["observedGeneration"] == first["metadata"]["generation"] == 1
    await cluster.apply("deployments", deployment("web", pod_spec("odoo:19")))
    second = await until_ready(cluster, "web")
    assert second["status"]["observedGeneration"] == second["metadata"]["generation"] == 2


async def test_an_annotation_counts_as_a_change_and_restarts_nothing(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    (before,) = await pods(cluster, "web")
    annotated = deployment("web")
    annotated["metadata"]["annotations"] = {"reprise.dev/applied": "1"}
    await cluster.apply("deployments", annotated)
    found = await until_ready(cluster, "web")
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 2
    assert [pod["metadata"]["uid"] for pod in await pods(cluster, "web")] == [before["metadata"]["uid"]]
    assert len(await cluster.items("replicasets", labelSelector="app=web")) == 1


async def test_a_ready_deployment_is_available_and_done(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))

    async def done() -> Object | None:
        found = await cluster.get("deployments", "web")
        available = condition(found, "Available").get("status") == "True"
        return found if available and condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable" else None

    status = (await until_seen(done, 20.0))["status"]
    counts = {key: status[key] for key in ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")}
    assert set(counts.values()) == {1}


async def test_scaled_to_zero_it_has_no_pod_and_is_still_available(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    await cluster.patch("deployments", "web", {"spec": {"replicas": 0}})
    await until_ready(cluster, "web", 0)

    async def stopped() -> bool:
        return not await pods(cluster, "web")

    await until(stopped, 20.0)
    assert condition(await cluster.get("deployments", "web"), "Available")["status"] == "True"
    await cluster.patch("deployments", "web", {"spec": {"replicas": 1}})
    await until_ready(cluster, "web")


async def test_scaling_has_a_door_of_its_own(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await cluster.patch("deployments", "web", {"spec": {"replicas": 0}}, "scale")
    scale = await cluster.get("deployments", "web", "scale")
    assert (scale["kind"], scale["spec"].get("replicas", 0)) == ("Scale", 0)
    await until_ready(cluster, "web", 0)


async def test_recreate_never_runs_two_pods_at_once(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    listed = await cluster.collection("pods")
    seen: list[int] = []

    async def count_pods() -> None:
        present = {pod["metadata"]["name"] for pod in listed["items"]}
        async with cluster.watch("pods", resourceVersion=listed["metadata"]["resourceVersion"]) as events:
            async for event in events:
                name = event["object"]["metadata"]["name"]
                present = present - {name} if event["type"] == "DELETED" else present | {name}
                seen.append(len(present))

    counting = asyncio.create_task(count_pods())
    await cluster.apply("deployments", deployment("web", pod_spec("odoo:19")))
    await until_ready(cluster, "web")
    (pod,) = await until(lambda: pods(cluster, "web"))
    await until(lambda: len(seen) > 3)
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert pod["spec"]["containers"][0]["image"] == "odoo:19"
    assert 0 in seen
    assert max(seen) == 1


@pytest.mark.own_cluster
async def test_a_rolling_update_keeps_one_ready(cluster: Client) -> None:
    rolling = deployment("web", replicas=2)
    rolling["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.apply("deployments", rolling)
    await until_ready(cluster, "web", 2)
    rolling["spec"]["template"]["spec"] = pod_spec("odoo:19")
    await cluster.apply("deployments", rolling)

    async def rolled() -> bool:
        found = await pods(cluster, "web")
        images = [pod["spec"]["containers"][0]["image"] for pod in found]
        ready = [condition(pod, "Ready").get("status") == "True" for pod in found]
        assert sum(ready) >= 2 or len(found) < 2 or any(pod["metadata"].get("deletionTimestamp") for pod in found)
        return images == ["odoo:19", "odoo:19"] and all(ready)

    await until(rolled, 30.0)


@pytest.mark.own_cluster
async def test_a_deadline_without_progress_is_said(cluster: Client) -> None:
    stuck = deployment("web", pod_spec("missing:1"))
    stuck["spec"]["progressDeadlineSeconds"] = 1
    await cluster.apply("deployments", stuck)

    async def told() -> bool:
        found = condition(await cluster.get("deployments", "web"), "Progressing")
        return (found.get("status"), found.get("reason")) == ("False", "ProgressDeadlineExceeded")

    await until(told, 20.0)
