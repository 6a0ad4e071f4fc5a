"""What becomes of a container by the name of its image: the same on the simulated kubelet and on the played ones."""

import pytest

from tests.contract.client import Client, Object
from tests.contract.manifests import deployment, pod_spec
from tests.contract.seeing import condition, the_pod, until_ready, until_seen, waiting_reason
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster


async def waits_for(cluster: Client, reason: str) -> Object:
    """The status of the pod's container, once it waits for this reason."""

    async def waiting() -> Object | None:
        pod = await the_pod(cluster, "web")
        return pod if waiting_reason(pod) == reason else None

    pod = await until_seen(waiting, 20.0, what=f"a container that waits: {reason}")
    found: Object = pod["status"]["containerStatuses"][0]
    return found


async def until_told(cluster: Client, reason: str, words: str) -> None:
    """Wait for an event with this reason and these words."""

    async def told() -> bool:
        events = await cluster.items("events", fieldSelector=f"reason={reason}")
        return any(words in event["message"] for event in events)

    await until(told, 20.0, what=f"an event {reason}: {words}")


async def test_a_name_that_is_no_image_is_said(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("invalid:1")))
    found = await waits_for(cluster, "InvalidImageName")
    assert found["state"]["waiting"]["message"] == (
        'Failed to apply default image tag "invalid:1": '
        'couldn\'t parse image name "invalid:1": invalid reference format'
    )
    await until_told(cluster, "InspectFailed", "couldn't parse image name")


@pytest.mark.parametrize(
    ("policy", "words"), [("FallbackToLogsOnError", "this container fails: its image is named so"), ("File", None)]
)
async def test_the_last_words_are_there_for_who_asks_for_them(cluster: Client, policy: str, words: str | None) -> None:
    spec = pod_spec("crash:1")
    spec["containers"][0]["terminationMessagePolicy"] = policy
    await cluster.apply("deployments", deployment("web", spec))
    found = await waits_for(cluster, "CrashLoopBackOff")
    last = found["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last.get("message")) == (1, "Error", words)


async def test_a_container_that_is_killed_for_its_memory_says_so(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("oomkill:1")))
    found = await waits_for(cluster, "CrashLoopBackOff")
    assert found["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert found["lastState"]["terminated"]["exitCode"] == 137


async def test_a_container_without_its_secret_waits_until_it_is_there(cluster: Client) -> None:
    spec = pod_spec()
    spec["containers"][0]["env"] = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    await cluster.apply("deployments", deployment("web", spec))
    found = await waits_for(cluster, "CreateContainerConfigError")
    assert found["state"]["waiting"]["message"] == 'secret "s" not found'
    await cluster.create("secrets", {"metadata": {"name": "s"}})

    async def another_word() -> bool:
        waiting = (await waits_for(cluster, "CreateContainerConfigError"))["state"]["waiting"]
        return bool(waiting["message"] == f"couldn't find key k in Secret {cluster.namespace}/s")

    await until(another_word)
    await cluster.patch("secrets", "s", {"stringData": {"k": "v"}})
    await until_ready(cluster, "web")


async def test_a_container_that_would_be_root_is_not_created(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("asroot:1")))
    found = await waits_for(cluster, "CreateContainerConfigError")
    pod = await the_pod(cluster, "web")
    assert pod is not None
    whose = f"{pod['metadata']['name']}_{cluster.namespace}({pod['metadata']['uid']})"
    assert found["state"]["waiting"]["message"] == (
        f'container has runAsNonRoot and image will run as root (pod: "{whose}", container: odoo)'
    )
    await until_told(cluster, "Failed", "Error: container has runAsNonRoot")


async def test_a_probe_that_fails_keeps_a_running_container_unready(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec("unready:1")))
    await until_told(cluster, "Unhealthy", "Readiness probe failed")
    pod = await the_pod(cluster, "web")
    assert pod is not None
    assert pod["status"]["phase"] == "Running"
    assert "running" in pod["status"]["containerStatuses"][0]["state"]
    assert condition(pod, "Ready")["reason"] == "ContainersNotReady"


async def test_an_init_container_that_fails_holds_the_others_up(cluster: Client) -> None:
    init = [{"name": "init", "image": "crashinit:1", "terminationMessagePolicy": "FallbackToLogsOnError"}]
    await cluster.apply("deployments", deployment("web", pod_spec(initContainers=init)))

    async def failing() -> Object | None:
        status = ((await the_pod(cluster, "web")) or {}).get("status", {})
        (found,) = status.get("initContainerStatuses") or [{}]
        return found if found.get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff" else None

    found = await until_seen(failing, 20.0)
    assert found["lastState"]["terminated"]["message"] == "this container fails: its image is named so"
    pod = await the_pod(cluster, "web")
    assert waiting_reason(pod) == "PodInitializing"
    assert condition(pod, "Initialized")["message"] == "containers with incomplete status: [init]"


async def test_what_takes_its_time_is_seen_on_its_way(cluster: Client) -> None:
    init = [{"name": "init", "image": "odoo:init-1s"}]
    await cluster.apply("deployments", deployment("web", pod_spec("odoo:start-1s", initContainers=init)))

    async def step(initialized: str, ready: str) -> bool:
        pod = await the_pod(cluster, "web")
        return [condition(pod, kind).get("status") for kind in ("Initialized", "Ready")] == [initialized, ready]

    await until(lambda: step("False", "False"), what="the init container to run")
    await until(lambda: step("True", "False"), what="the container to start")
    await until(lambda: step("True", "True"), what="the pod to be ready")
