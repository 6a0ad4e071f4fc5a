"""The one place where objects live: every write gets the next revision, is on disk, and is told to who listens."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from embedded.simulated import objects, status
from embedded.simulated.disk import Disk
from embedded.simulated.kinds import ALL, Kind
from embedded.simulated.objects import Object

# How many changes can be asked for again before a watch that slept too long has to list anew.
HISTORY = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `before` is None for a creation, `after` is None for a removal (its last state is `before`)."""

    revision: int
    kind: Kind
    before: Object | None
    after: Object | None
    # What a watch shows of a removed object: its last state, under the revision of the removal.
    tombstone: Object | None = None

    @property
    def type(self) -> Literal["ADDED", "MODIFIED", "DELETED"]:
        if self.after is None:
            return "DELETED"
        return "ADDED" if self.before is None else "MODIFIED"

    @property
    def object(self) -> Object:
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a change without an object cannot be made
        return found


Listener = Callable[[Change], None]


class Store:
    """Objects by kind, namespace and name.

    What `get` and `select` return is shared with everybody else: clone it before changing it.
    """

    def __init__(self, disk: Disk, history: int = HISTORY) -> None:
        self._disk, self._limit = disk, history
        self._objects: dict[Kind, dict[tuple[str, str], Object]] = {kind: {} for kind in ALL}
        self._dependents: dict[str, dict[str, tuple[Kind, str, str]]] = {}
        self._uids: dict[str, tuple[Kind, str, str]] = {}
        self._changes: list[Change] = []
        self._listeners: list[Listener] = []
        self._load()
        self.revision = disk.revision()
        # The history is not kept on disk, so whoever watched before a restart from an older revision lists again.
        self.compacted = self.revision

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._objects[kind].get((namespace, name))

    def select(self, kind: Kind, namespace: str = "") -> list[Object]:
        """All objects of a kind (of one namespace, or of all), in the order of namespace and name."""
        found = self._objects[kind]
        keys = sorted(found) if not namespace else sorted(key for key in found if key[0] == namespace)
        return [found[key] for key in keys]

    def by_uid(self, uid: str) -> tuple[Kind, Object] | None:
        place = self._uids.get(uid)
        return (place[0], self._objects[place[0]][place[1:]]) if place else None

    def dependents(self, uid: str) -> list[tuple[Kind, Object]]:
        """The objects that name this uid among their owners."""
        places = self._dependents.get(uid, {}).values()
        return [(kind, self._objects[kind][namespace, name]) for kind, namespace, name in list(places)]

    def controlled(self, kind: Kind, uid: str) -> Iterable[Object]:
        """The objects of a kind whose controller has this uid."""
        return (obj for found, obj in self.dependents(uid) if found is kind and objects.controller_uid(obj) == uid)

    def put(self, kind: Kind, obj: Object) -> Object:
        """Write an object under the next revision. The caller gives the object away: it must not change it any more."""
        key = (objects.namespace(obj), objects.name(obj))
        before = self._objects[kind].get(key)
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        self._disk.put((kind.resource, *key), obj, self.revision)
        if before is not None:
            self._forget(before)
        self._objects[kind][key] = obj
        self._remember(kind, obj)
        self._tell(Change(self.revision, kind, before, obj))
        return obj

    def remove(self, kind: Kind, obj: Object) -> Object:
        """Take an object out; its last state, under the revision of the removal, is returned."""
        key = (objects.namespace(obj), objects.name(obj))
        before = self._objects[kind][key]
        self.revision += 1
        self._disk.remove((kind.resource, *key), self.revision)
        del self._objects[kind][key]
        self._forget(before)
        tombstone = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.revision)}}
        self._tell(Change(self.revision, kind, before, None, tombstone))
        return tombstone

    def since(self, revision: int) -> list[Change]:
        """The changes after a revision, oldest first. Raises StatusError (410) where some of them are forgotten."""
        if revision < self.compacted:
            raise status.expired(f"too old resource version: {revision} ({self.compacted})")
        missing = self.revision - revision
        return self._changes[-missing:] if missing > 0 else []

    def compact(self) -> None:
        """Forget all changes up to now, as etcd's compaction does."""
        self._changes.clear()
        self.compacted = self.revision

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change from now on; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _load(self) -> None:
        by_resource = {kind.resource: kind for kind in ALL}
        for (resource, namespace, name), obj in self._disk.objects():
            self._objects[by_resource[resource]][namespace, name] = obj
            self._remember(by_resource[resource], obj)

    def _remember(self, kind: Kind, obj: Object) -> None:
        place = (kind, objects.namespace(obj), objects.name(obj))
        self._uids[objects.uid(obj)] = place
        for owner in objects.owners(obj):
            self._dependents.setdefault(owner["uid"], {})[objects.uid(obj)] = place

    def _forget(self, obj: Object) -> None:
        self._uids.pop(objects.uid(obj), None)
        for owner in objects.owners(obj):
            siblings = self._dependents.get(owner["uid"], {})
            siblings.pop(objects.uid(obj), None)
            if not siblings:
                self._dependents.pop(owner["uid"], None)

    def _tell(self, change: Change) -> None:
        self._changes.append(change)
        if len(self._changes) > 2 * self._limit:
            del self._changes[: -self._limit]
            self.compacted = self._changes[0].revision - 1
        for listener in list(self._listeners):
            listener(change)
