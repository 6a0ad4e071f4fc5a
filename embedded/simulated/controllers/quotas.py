"""Writes into every ResourceQuota what its namespace uses."""

from collections.abc import Iterable

from embedded.simulated import amounts, kinds, objects, quota
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.registry import Registry
from embedded.simulated.store import Change


class QuotaController:
    """Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/"""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.QUOTAS:
            yield objects.namespace(change.object), objects.name(change.object)
        elif change.kind.namespaced and change.type != "MODIFIED":
            namespace = objects.namespace(change.object)
            quotas = self._registry.store.select(kinds.QUOTAS, namespace)
            yield from ((namespace, objects.name(found)) for found in quotas)

    def reconcile(self, key: Key) -> float | None:
        found = self._registry.store.get(kinds.QUOTAS, *key)
        if found is None:
            return None
        hard = objects.spec(found).get("hard") or {}
        in_use = quota.used(self._registry.store, found, amounts.parse(hard))
        status = {"hard": hard, "used": {name: amounts.written(name, amount) for name, amount in in_use.items()}}
        self._registry.set_status(kinds.QUOTAS, found, status, tools.MANAGER)
        return None
