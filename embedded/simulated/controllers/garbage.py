"""Cleans up after owners: dependents of what is gone, of what waits for them, and of what leaves them behind."""

from collections.abc import Iterable
from typing import Any

from embedded.simulated import deletion, objects
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.tools import WRITER, delete
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of
from embedded.simulated.store import Change


class GarbageCollector:
    """Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/"""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._store = registry, registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        """The object itself while it lives, its owners (one may wait for it), its dependents when it is gone."""
        obj = change.object
        if change.after is not None and (objects.owners(obj) or objects.is_deleting(obj)):
            yield (objects.uid(obj),)
        if change.after is None or objects.is_deleting(obj):
            yield from ((owner["uid"],) for owner in objects.owners(obj))
            yield from ((objects.uid(found),) for _, found in self._store.dependents(objects.uid(obj)))

    def reconcile(self, key: Key) -> float | None:
        found = self._store.by_uid(key[0])
        if found is None:
            return None
        kind, obj = found
        if objects.is_deleting(obj):
            self._finish_deletion(kind, obj)
        elif objects.owners(obj):
            self._check_owners(kind, obj)
        return None

    def _finish_deletion(self, kind: Kind, obj: Object) -> None:
        if deletion.FOREGROUND in objects.finalizers(obj):
            self._wait_for_dependents(kind, obj)
        elif deletion.ORPHAN in objects.finalizers(obj):
            for dependent_kind, dependent in self._store.dependents(objects.uid(obj)):
                self._disown(dependent_kind, dependent, {objects.uid(obj)})
            self._drop_finalizer(kind, obj, deletion.ORPHAN)

    def _wait_for_dependents(self, kind: Kind, obj: Object) -> None:
        dependents = self._store.dependents(objects.uid(obj))
        for dependent_kind, dependent in dependents:
            # Those that others depend on go in the foreground too, so that the deepest go first.
            below = self._store.dependents(objects.uid(dependent))
            delete(self._registry, dependent_kind, dependent, "Foreground" if below else "Background")
        left = self._store.dependents(objects.uid(obj))
        if not any(_blocks(dependent, objects.uid(obj)) for _, dependent in left):
            self._drop_finalizer(kind, obj, deletion.FOREGROUND)

    def _check_owners(self, kind: Kind, obj: Object) -> None:
        owners = objects.owners(obj)
        gone = {owner["uid"] for owner in owners if not self._exists(owner, objects.namespace(obj))}
        if len(gone) == len({owner["uid"] for owner in owners}):
            delete(self._registry, kind, obj)
        elif gone:
            self._disown(kind, obj, gone)

    def _exists(self, owner: dict[str, Any], namespace: str) -> bool:
        found = self._store.by_uid(owner["uid"])
        if found is None:
            return False
        kind, obj = found
        return objects.name(obj) == owner["name"] and (not kind.namespaced or objects.namespace(obj) == namespace)

    def _disown(self, kind: Kind, obj: Object, uids: set[str]) -> None:
        def edit(draft: Object) -> None:
            objects.meta(draft)["ownerReferences"] = [
                owner for owner in objects.owners(draft) if owner["uid"] not in uids
            ]

        self._registry.change(place_of(kind, obj), edit, WRITER)

    def _drop_finalizer(self, kind: Kind, obj: Object, finalizer: str) -> None:
        def edit(draft: Object) -> None:
            objects.meta(draft)["finalizers"] = [name for name in objects.finalizers(draft) if name != finalizer]

        self._registry.change(place_of(kind, obj), edit, WRITER)


def _blocks(dependent: Object, owner: str) -> bool:
    return any(entry["uid"] == owner and entry.get("blockOwnerDeletion") for entry in objects.owners(dependent))
