"""What the tests look at, in words: the pods of an app, their conditions, what they wait for."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.contract.client import Client, Object
from tests.support.waiting import until


async def until_seen(
    check: Callable[[], Awaitable[Object | None]],
    timeout: float = 10.0,  # noqa: ASYNC109 - until's
    *,
    what: str | None = None,
) -> Object:
    """Wait until there is such an object, and return it."""
    found = await until(check, timeout, what=what)
    assert found is not None
    return found


async def pods(cluster: Client, app: str) -> list[Object]:
    return await cluster.items("pods", labelSelector=f"app={app}")


async def the_pod(cluster: Client, app: str) -> Object | None:
    """The one pod of the app, None while there is none."""
    found = await pods(cluster, app)
    assert len(found) <= 1, [pod["metadata"]["name"] for pod in found]
    return found[0] if found else None


def condition(obj: Object | None, kind: str) -> Object:
    """The condition of this type; empty where it is not told."""
    entries = ((obj or {}).get("status") or {}).get("conditions") or []
    return next((entry for entry in entries if entry["type"] == kind), {})


def waiting_reason(pod: Object | None) -> str | None:
    """Why the pod's container waits."""
    statuses: list[Any] = ((pod or {}).get("status") or {}).get("containerStatuses") or []
    return next((entry["state"]["waiting"]["reason"] for entry in statuses if "waiting" in entry["state"]), None)


async def until_ready(cluster: Client, name: str, replicas: int = 1) -> Object:
    """Wait until this Deployment runs as its present spec wants it."""

    async def ready() -> Object | None:
        found = await cluster.get("deployments", name)
        status = found["status"]
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        # Ready pods of the former template count in readyReplicas too, so all of them have to be updated ones.
        counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")}
        return found if current and counts == {replicas} else None

    return await until_seen(ready, 30.0, what=f"deployment {name} to have {replicas} ready replicas")


async def until_unschedulable(cluster: Client, app: str) -> Object:
    """Wait until the scheduler says of the app's pod that it fits nowhere; the answer is that condition."""

    async def refused() -> Object | None:
        found = condition(await the_pod(cluster, app), "PodScheduled")
        return found if found.get("status") == "False" and "Insufficient" in found.get("message", "") else None

    return await until_seen(refused, 20.0, what=f"the pod of {app} to be unschedulable")
