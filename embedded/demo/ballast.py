"""Pods that do nothing: they take the room of a real cluster, and make room by going."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from cluster import security
from cluster.client import Cluster
from cluster.kinds import POD, Object
from cluster.manifests import resources
from cluster.names import selector
from schemas.counting import count_of
from schemas.errors import ClusterDown, ClusterRefused, RepriseError

LEAST = 0.5
"""Cores: the instance's database server, which starts beside the ballast, takes half of that."""
MARGIN = 0.1
"""Cores by which what the ballast leaves is too little."""
IMAGE = "registry.k8s.io/pause:3.10"
NOBODY = 65_534
LABELS = {"app.kubernetes.io/name": "reprise-demo-ballast"}
PATIENCE = 60
PAUSE = 0.1


class Ballast:
    """One pod on every node that has room for the instance. `free`: the cores that each node has left.

    Raises RepriseError for a cluster that is too full to show anything.
    """

    too_much = "more than any node has left"
    made = "The ballast goes, and there is room"

    def __init__(self, cluster: Cluster, free: dict[str, float]) -> None:
        asked = math.floor(max(free.values(), default=0) * 5) / 10
        if asked < LEAST:
            raise RepriseError(f"No node has {2 * LEAST:g} CPU left, which the demonstration needs")
        self.cpu = f"{asked:g}"
        self._cluster = cluster
        self._taken = {node: left - asked + MARGIN for node, left in free.items() if left >= asked}

    async def take(self) -> None:
        """Put a pod on every node that has room, and wait until all of them are there."""
        for index, (node, cores) in enumerate(self._taken.items()):
            await self._put(_pod(f"reprise-demo-ballast-{index}", node, cores))
        await self._until(self._is_taken)

    async def make(self) -> str:
        """Remove them, and wait until they are gone."""
        for pod in await self._pods():
            await self._cluster.delete(POD, pod)
        await self._until(self._is_gone)
        return f"gone: {count_of(len(self._taken), 'pod')} that did nothing"

    async def _put(self, pod: Object) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await self._cluster.create(POD, pod)
            except (ClusterDown, ClusterRefused):  # a new namespace has its service account a moment later
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(PAUSE)
            else:
                return

    async def _is_taken(self) -> bool:
        pods = await self._pods()
        refused = next((pod for pod in pods if pod["status"].get("phase") == "Failed"), None)
        if refused is not None:
            raise RepriseError(f"The ballast was refused: {refused['status'].get('message', 'without a reason')}")
        return all("startTime" in pod["status"] for pod in pods)

    async def _is_gone(self) -> bool:
        return not await self._pods()

    async def _pods(self) -> list[Object]:
        return await self._cluster.select(POD, selector(LABELS))

    async def _until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not await reached():
            if time.monotonic() > deadline:
                raise RepriseError(f"waited {PATIENCE} s in vain for the ballast")
            await asyncio.sleep(PAUSE)


def _pod(name: str, node: str, cores: float) -> Object:
    """Bound to its node from the beginning: no scheduler has a say in it."""
    container = {
        "name": "ballast",
        "image": IMAGE,
        "resources": resources(f"{math.ceil(cores * 1000)}m", "16Mi"),
        "securityContext": security.CONTAINER,
    }
    return {
        "metadata": {"name": name, "labels": LABELS},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": security.pod(NOBODY, NOBODY),
            "containers": [container],
        },
    }
