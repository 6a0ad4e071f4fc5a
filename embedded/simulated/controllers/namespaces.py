"""Empties a namespace that is being deleted, then lets it go."""

from collections.abc import Iterable

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of
from embedded.simulated.store import Change


class NamespaceController:
    """Source: https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace"""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._store = registry, registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.NAMESPACES:
            yield (objects.name(change.object),)
        elif change.after is None and change.kind.namespaced:
            yield (objects.namespace(change.object),)

    def reconcile(self, key: Key) -> float | None:
        found = self._store.get(kinds.NAMESPACES, "", key[0])
        if found is None or not objects.is_deleting(found):
            return None
        for kind, obj in self._content(key[0]):
            tools.delete(self._registry, kind, obj)
        if not self._content(key[0]):
            self._finish(found)
        return None

    def _content(self, namespace: str) -> list[tuple[kinds.Kind, Object]]:
        return [(kind, obj) for kind in kinds.ALL if kind.namespaced for obj in self._store.select(kind, namespace)]

    def _finish(self, found: Object) -> None:
        def edit(draft: Object) -> None:
            draft["spec"]["finalizers"] = []

        self._registry.change(place_of(kinds.NAMESPACES, found), edit, tools.WRITER)
