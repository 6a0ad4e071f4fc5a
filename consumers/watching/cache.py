"""What the watcher knows of the cluster: the objects of every instance, by kind, as they were last seen."""

from collections import defaultdict
from collections.abc import Container
from uuid import UUID

from cluster.kinds import CLAIM, DEPLOYMENT, EVENT, INGRESS, KINDS, POD, REPLICA_SET, SECRET, SERVICE, Kind, Object
from cluster.leftovers import attempt_of
from cluster.names import INSTANCE
from cluster.sight import Sight, sight_of
from consumers.watching.slim import slim
from consumers.watching.warnings import Warnings
from statemachine.instance import Instance

WATCHED = (DEPLOYMENT, REPLICA_SET, POD, CLAIM, SERVICE, SECRET, INGRESS)


class Cache:
    """Not thread-safe; whoever changes it is told which instances are concerned."""

    def __init__(self) -> None:
        self._objects: dict[Kind, dict[str, Object]] = {kind: {} for kind in WATCHED}
        self._names: dict[UUID, set[tuple[Kind, str]]] = defaultdict(set)
        self._warnings = Warnings()

    def keep(self, kind: Kind, uids: Container[str]) -> set[UUID]:
        """Forget what is not among these: a list of a kind has ended, and it was not there."""
        gone = [found for found in self._objects.get(kind, {}).values() if found["metadata"]["uid"] not in uids]
        return {instance for found in gone for instance in self.remove(kind, found)}

    def put(self, kind: Kind, found: Object) -> set[UUID]:
        """Take one object, unless just this version of it is known."""
        if kind is EVENT:
            return self._warn(found)
        instance = _instance_of(found)
        name = found["metadata"]["name"]
        known = self._objects[kind].get(name)
        if known and known["metadata"]["resourceVersion"] == found["metadata"]["resourceVersion"]:
            return set()
        # labels can be changed by hand: then it is no longer whose it was
        lost = self.remove(kind, known) if known and _instance_of(known) != instance else set()
        if instance is None:
            return lost
        self._objects[kind][name] = slim(found)
        self._names[instance].add((kind, name))
        return {instance} | lost

    def remove(self, kind: Kind, found: Object) -> set[UUID]:
        """Forget one object, whosever it was when it was last seen; of an Event, what it told still holds."""
        name = found["metadata"]["name"]
        known = self._objects.get(kind, {}).pop(name, None)
        instance = _instance_of(known) if known is not None else None
        if instance is None:
            return set()
        self._names[instance].discard((kind, name))
        if not self._names[instance]:
            del self._names[instance]
        return {instance}

    def instances(self) -> set[UUID]:
        """All instances of which there are objects."""
        return set(self._names)

    def attempts(self, instance_id: UUID) -> set[int]:
        """The attempts of which there are objects."""
        found = (attempt_of(self._objects[kind][name]["metadata"]["labels"]) for kind, name in self._of(instance_id))
        return {attempt for attempt in found if attempt is not None}

    def sight(self, row: Instance) -> Sight:
        """The objects of the present attempt."""
        mine = [(kind, self._objects[kind][name]) for kind, name in self._of(row.id)]
        mine = [(kind, found) for kind, found in mine if attempt_of(found["metadata"]["labels"]) == row.attempt]
        return sight_of(mine, self._warnings.about(found["metadata"]["uid"] for _, found in mine))

    def _warn(self, event: Object) -> set[UUID]:
        """Whose object the Event is about; that object may come after it."""
        about = event["involvedObject"]
        if not self._warnings.put(event) or about["kind"] not in KINDS:
            return set()
        found = self._objects.get(KINDS[about["kind"]], {}).get(about["name"])
        instance = _instance_of(found) if found else None
        return {instance} if instance else set()

    def _of(self, instance_id: UUID) -> list[tuple[Kind, str]]:
        return sorted(self._names.get(instance_id, ()), key=lambda key: (key[0].name, key[1]))


def _instance_of(found: Object) -> UUID | None:
    try:
        return UUID((found["metadata"].get("labels") or {}).get(INSTANCE, ""))
    except ValueError:
        return None
