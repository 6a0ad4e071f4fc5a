"""The simulated cluster's process: killed, restarted, stopped; what it costs."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM

import psutil
import pytest
from kubernetes_asyncio import client, config

from embedded.cluster import SimulatedCluster
from tests.contract.client import Client, Object
from tests.contract.manifests import claim, config_map, deployment, mounting, pod_spec
from tests.contract.seeing import condition, the_pod, until_ready, until_seen, until_unschedulable, waiting_reason
from tests.support.ports import free_port
from tests.support.running import running


@pytest.fixture
def simulated(tmp_path: Path) -> SimulatedCluster:
    """A cluster that is not running yet."""
    return SimulatedCluster(tmp_path / "c", free_port(), tmp_path / "c" / "kubeconfig", secrets.token_urlsafe())


@asynccontextmanager
async def _connected(simulated: SimulatedCluster) -> AsyncIterator[Client]:
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(simulated.kubeconfig), client_configuration=configuration)
    async with client.ApiClient(configuration) as api:
        yield Client(api, "default")


async def test_a_kill_loses_nothing_that_was_acknowledged(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()) as process, _connected(simulated) as cluster:
        await cluster.apply("persistentvolumeclaims", claim("data"))
        await cluster.apply("deployments", deployment("web", mounting(pod_spec(), "data")))
        before = await until_ready(cluster, "web")
        written = [await cluster.create("configmaps", config_map(f"c{index}")) for index in range(20)]
        process.send_signal(SIGKILL)
        process.wait()
    async with running(simulated.child()), _connected(simulated) as cluster:
        assert len(await cluster.items("configmaps")) == 20
        after = await until_ready(cluster, "web")
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        newer = await cluster.create("configmaps", config_map("newer"))
        assert int(newer["metadata"]["resourceVersion"]) > int(written[-1]["metadata"]["resourceVersion"])


async def test_a_pod_goes_on_where_the_restart_found_it(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()) as process, _connected(simulated) as cluster:
        slow = deployment("web", pod_spec(initContainers=[{"name": "init", "image": "odoo:init-1s"}]))
        await cluster.apply("deployments", slow)

        async def initializing() -> Object | None:
            pod = await the_pod(cluster, "web")
            return pod if condition(pod, "Initialized").get("status") == "False" else None

        await until_seen(initializing)
        process.send_signal(SIGKILL)
        process.wait()
    async with running(simulated.child()), _connected(simulated) as cluster:
        await until_ready(cluster, "web")


async def test_a_watch_from_before_a_restart_is_told_to_list_again(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()), _connected(simulated) as cluster:
        first = await cluster.create("configmaps", config_map("a"))
        last = await cluster.create("configmaps", config_map("b"))
    async with running(simulated.child()), _connected(simulated) as cluster:
        old = first["metadata"]["resourceVersion"]
        async with cluster.watch("configmaps", resourceVersion=old, timeoutSeconds=5) as events:
            (event,) = [event async for event in events]
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        assert int((await cluster.collection("configmaps"))["metadata"]["resourceVersion"]) >= int(
            last["metadata"]["resourceVersion"]
        )


async def test_a_failing_init_container_is_told_and_tried_again(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()), _connected(simulated) as cluster:
        init = [{"name": "init", "image": "odoo-crashinit"}]
        await cluster.apply("deployments", deployment("web", pod_spec("odoo-crashinit", initContainers=init)))

        async def failing() -> Object | None:
            pod = await the_pod(cluster, "web")
            found = ((pod or {}).get("status") or {}).get("initContainerStatuses") or [{"restartCount": 0}]
            return pod if found[0]["restartCount"] else None

        pod = await until_seen(failing)
        (status,) = pod["status"]["initContainerStatuses"]
        assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert status["lastState"]["terminated"]["exitCode"] == 1
        assert pod["status"]["phase"] == "Pending"
        assert waiting_reason(pod) == "PodInitializing"
        assert condition(pod, "Initialized")["message"] == "containers with incomplete status: [init]"


async def test_a_larger_node_alone_places_who_waited(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()), _connected(simulated) as cluster:
        await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": "5"})))
        await until_unschedulable(cluster, "web")
        await cluster.patch("nodes", "node-0", {"status": {"allocatable": {"cpu": "8"}}}, "status")
        await until_ready(cluster, "web")


async def test_it_stops_at_once_though_someone_watches(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()) as process, _connected(simulated) as cluster:
        async with cluster.watch("pods", timeoutSeconds=600):
            begun = time.monotonic()
            process.send_signal(SIGTERM)
            assert await asyncio.to_thread(process.wait, 5) == 0
        assert time.monotonic() - begun < 2.0


async def test_it_is_small_and_does_nothing_when_nothing_happens(simulated: SimulatedCluster) -> None:
    async with running(simulated.child()) as process, _connected(simulated) as cluster:
        for index in range(5):
            await cluster.apply("deployments", deployment(f"web{index}"))
            await until_ready(cluster, f"web{index}")
        seen = psutil.Process(process.pid)
        before = sum(seen.cpu_times()[:2])
        # A watch that ends by itself is a second in which nothing happens.
        async with cluster.watch("pods", timeoutSeconds=1, resourceVersion=await _version(cluster)) as events:
            assert [event async for event in events] == []
        assert sum(seen.cpu_times()[:2]) - before < 0.05
        assert seen.memory_info().rss < 70 * 2**20


async def _version(cluster: Client) -> str:
    return str((await cluster.collection("pods"))["metadata"]["resourceVersion"])
