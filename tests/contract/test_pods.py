"""What becomes of a placed pod: ready, an image that cannot be pulled, a container that keeps crashing."""

import pytest

from tests.contract.client import Client, Object
from tests.contract.manifests import IMAGE, deployment, pod_spec
from tests.contract.seeing import condition, the_pod, until_ready, until_seen, waiting_reason
from tests.support.waiting import until


async def test_a_pod_becomes_ready(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    pod = await the_pod(cluster, "web")
    assert pod is not None
    for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready"):
        assert condition(pod, kind)["status"] == "True", kind
        assert condition(pod, kind)["lastTransitionTime"]
    assert pod["status"]["phase"] == "Running"
    (container,) = pod["status"]["containerStatuses"]
    assert container["ready"]
    assert "running" in container["state"]


@pytest.mark.own_cluster
async def test_an_image_that_cannot_be_pulled_is_said(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("missing:1")))

    async def backing_off() -> Object | None:
        pod = await the_pod(cluster, "web")
        return pod if waiting_reason(pod) == "ImagePullBackOff" else None

    pod = await until_seen(backing_off)
    (container,) = pod["status"]["containerStatuses"]
    assert container["state"]["waiting"]["message"].startswith('Back-off pulling image "missing:1"')
    assert pod["status"]["phase"] == "Pending"
    assert condition(pod, "PodScheduled")["status"] == "True"
    assert condition(pod, "Ready")["status"] == "False"


@pytest.mark.own_cluster
async def test_a_container_that_keeps_crashing_is_said(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("crash:1")))

    async def backing_off() -> Object | None:
        pod = await the_pod(cluster, "web")
        return pod if waiting_reason(pod) == "CrashLoopBackOff" else None

    pod = await until_seen(backing_off)
    (container,) = pod["status"]["containerStatuses"]
    assert container["restartCount"] >= 1
    assert "restarting failed container=odoo" in container["state"]["waiting"]["message"]
    assert condition(pod, "Ready")["status"] == "False"
    assert not (await cluster.get("deployments", "web"))["status"].get("readyReplicas")


@pytest.mark.own_cluster
async def test_init_containers_run_and_then_the_pod_is_ready(cluster: Client) -> None:
    init = [{"name": "init-database", "image": IMAGE}]
    await cluster.apply("deployments", deployment("web", pod_spec(initContainers=init)))
    await until_ready(cluster, "web")
    assert condition(await the_pod(cluster, "web"), "Initialized")["status"] == "True"


@pytest.mark.own_cluster
async def test_a_mended_image_replaces_the_pod(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("missing:1")))
    await until(lambda: _waits_for(cluster, "ImagePullBackOff"))
    await cluster.apply("deployments", deployment("web", pod_spec()))
    await until_ready(cluster, "web")


async def _waits_for(cluster: Client, reason: str) -> bool:
    return waiting_reason(await the_pod(cluster, "web")) == reason
