"""The nodes, and what the pods of all namespaces take of each, kept up by watches: of thousands of pods only sums."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Container, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from cluster.client import Cluster
from cluster.following import Follower
from cluster.kinds import NODE, POD, Kind, Object
from cluster.names import INSTANCE
from cluster.room import Room, is_over, requested

_NOBODY: set[UUID] = set()
_ASKED = ("allocatable", "conditions")


class Nodes:
    """What is asked of nodes when a pod is to be placed."""

    def __init__(self) -> None:
        self._nodes: dict[str, Object] = {}

    @property
    def all(self) -> list[Object]:
        """By their names."""
        return sorted(self._nodes.values(), key=lambda node: str(node["metadata"]["name"]))

    def put(self, kind: Kind, found: Object) -> set[UUID]:
        """A node, as it is now; of its status not the images that it holds, which are most of it."""
        status = {name: value for name, value in found.get("status", {}).items() if name in _ASKED}
        self._nodes[found["metadata"]["uid"]] = {
            "metadata": found["metadata"],
            "spec": found.get("spec") or {},
            "status": status,
        }
        return _NOBODY

    def remove(self, kind: Kind, found: Object) -> set[UUID]:
        """A node that is gone."""
        self._nodes.pop(found["metadata"]["uid"], None)
        return _NOBODY

    def keep(self, kind: Kind, uids: Container[str]) -> set[UUID]:
        """All others are gone."""
        self._nodes = {uid: node for uid, node in self._nodes.items() if uid in uids}
        return _NOBODY


class Taken:
    """The sums by the names of nodes. Of each pod is known what it takes and whose it is, and no more."""

    def __init__(self) -> None:
        self._sums: dict[str, Room] = defaultdict(Room)
        self._pods: dict[str, tuple[str, Room]] = {}
        self._owners: dict[str, str] = {}

    def has_pods_of(self, instance_id: UUID) -> bool:
        """Whether any was seen that carries its label."""
        return str(instance_id) in self._owners.values()

    def put(self, kind: Kind, found: Object) -> set[UUID]:
        """A pod, as it is now."""
        self.remove(kind, found)
        uid, node = found["metadata"]["uid"], found["spec"].get("nodeName")
        if owner := (found["metadata"].get("labels") or {}).get(INSTANCE):
            self._owners[uid] = owner
        if node and not is_over(found):
            self._pods[uid] = node, requested(found)
            self._sums[node] += self._pods[uid][1]
        return _NOBODY

    def remove(self, kind: Kind, found: Object) -> set[UUID]:
        """A pod that is gone."""
        self._forget(found["metadata"]["uid"])
        return _NOBODY

    def keep(self, kind: Kind, uids: Container[str]) -> set[UUID]:
        """All others are gone."""
        for uid in [uid for uid in {*self._pods, *self._owners} if uid not in uids]:
            self._forget(uid)
        return _NOBODY

    def without(self, pods: Iterable[Object]) -> dict[str, Room]:
        """The sums, as if these pods were gone."""
        found = self._sums.copy()
        for uid in {pod["metadata"]["uid"] for pod in pods} & self._pods.keys():
            node, room = self._pods[uid]
            found[node] -= room
        return found

    def _forget(self, uid: str) -> None:
        self._owners.pop(uid, None)
        node, room = self._pods.pop(uid, ("", Room()))
        if node:
            self._sums[node] -= room


class Followed:
    """Follows both while its block runs."""

    def __init__(self, cluster: Cluster) -> None:
        self._nodes, self._taken = Nodes(), Taken()
        self._followers = (
            Follower(cluster, NODE, "", self._nodes, lambda _: None),
            Follower(cluster, POD, "", self._taken, lambda _: None, everywhere=True),
        )

    @property
    def now(self) -> tuple[list[Object], Taken] | None:
        """The nodes and what is taken of them; None while the cluster does not tell, and before all were seen once."""
        live = all(follower.live for follower in self._followers)
        return (self._nodes.all, self._taken) if live else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Returns at once: it does not wait until all were seen."""
        following = [asyncio.create_task(follower.run()) for follower in self._followers]
        try:
            yield
        finally:
            for each in following:
                each.cancel()
            await asyncio.gather(*following, return_exceptions=True)
