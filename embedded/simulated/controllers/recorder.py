"""Records Events about objects, counting repetitions instead of writing them again."""

from embedded.simulated import kinds, objects
from embedded.simulated.controllers.tools import seconds_since
from embedded.simulated.kinds import Kind
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry
from embedded.simulated.status import StatusError

# As the real server's --event-ttl; looked at when this many events have come since the last time.
_KEPT_SECONDS = 3600
_SWEEP_EVERY = 200


class Recorder:
    """Writes Events under the name of one component."""

    def __init__(self, registry: Registry, component: str) -> None:
        self._registry, self._component = registry, component
        self._known: dict[tuple[str, str, str], str] = {}
        self._since_sweep = 0

    def record(self, kind: Kind, obj: Object, reason: str, message: str, event_type: str = "Normal") -> None:
        """Say that something happened to `obj`. What cannot be said (a namespace that ends) is left unsaid."""
        key = (objects.uid(obj), reason, message)
        if not self._count(objects.namespace(obj) or "default", self._known.get(key)):
            self._create(kind, obj, reason, message, event_type, key)

    def _count(self, namespace: str, name: str | None) -> bool:
        found = self._registry.store.get(kinds.EVENTS, namespace, name) if name else None
        if found is None:
            return False
        counted = {**objects.clone(found), "count": found["count"] + 1, "lastTimestamp": objects.now()}
        self._registry.store.put(kinds.EVENTS, counted)
        return True

    def _create(
        self, kind: Kind, obj: Object, reason: str, message: str, event_type: str, key: tuple[str, str, str]
    ) -> None:
        namespace, moment = objects.namespace(obj) or "default", objects.now()
        event: Object = {
            "metadata": {"name": f"{objects.name(obj)[:230]}.{objects.suffix(16)}"},
            "involvedObject": _reference(kind, obj),
            "reason": reason,
            "message": message,
            "type": event_type,
            "count": 1,
            "eventTime": None,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
        }
        try:
            created = self._registry.create(kinds.EVENTS, namespace, event, Writer(self._component))
        except StatusError:
            return
        self._known[key] = objects.name(created)
        self._sweep()

    def _sweep(self) -> None:
        self._since_sweep += 1
        if self._since_sweep < _SWEEP_EVERY:
            return
        self._since_sweep = 0
        store = self._registry.store
        for event in store.select(kinds.EVENTS):
            if seconds_since(event.get("lastTimestamp") or objects.meta(event)["creationTimestamp"]) > _KEPT_SECONDS:
                store.remove(kinds.EVENTS, event)
        kept = {objects.name(event) for event in store.select(kinds.EVENTS)}
        self._known = {key: name for key, name in self._known.items() if name in kept}


def _reference(kind: Kind, obj: Object) -> Object:
    found = {"kind": kind.kind, "apiVersion": kind.api_version, "name": objects.name(obj), "uid": objects.uid(obj)}
    found["resourceVersion"] = objects.meta(obj)["resourceVersion"]
    return {**found, "namespace": objects.namespace(obj)} if kind.namespaced else found
