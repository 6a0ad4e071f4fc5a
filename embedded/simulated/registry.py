"""The verbs of the API on one object at a time, with all their rules; HTTP and the controllers both come through it."""

from collections.abc import Callable
from dataclasses import dataclass

from embedded.simulated import apply, defaults, managed, objects, quota, shapes, status, strategy, validation
from embedded.simulated import kinds as known
from embedded.simulated.kinds import Kind
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.store import Store


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is."""

    kind: Kind
    namespace: str
    name: str


def place_of(kind: Kind, obj: Object) -> Place:
    return Place(kind, objects.namespace(obj), objects.name(obj))


class Registry:
    """All raise StatusError for what the API refuses. What they return is shared: clone it before changing it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, place: Place) -> Object:
        found = self.store.get(place.kind, place.namespace, place.name)
        if found is None:
            raise status.not_found(place.kind, place.name)
        return found

    def create(self, kind: Kind, namespace: str, obj: Object, writer: Writer, *, dry_run: bool = False) -> Object:
        """Takes `obj` over. With `dry_run` everything is checked and nothing is kept."""
        shapes.check(kind, obj)
        _set_namespace(kind, namespace, obj)
        if objects.meta(obj).get("resourceVersion"):
            raise status.bad_request("resourceVersion should not be set on objects to be created")
        self._require_namespace(kind, namespace, objects.meta(obj).get("name", ""))
        defaults.fill(kind, obj)
        strategy.prepare_new(kind, obj)
        validation.check_new(kind, obj)
        if self.store.get(kind, objects.namespace(obj), objects.name(obj)) is not None:
            raise status.already_exists(kind, objects.name(obj))
        if kind.namespaced:
            quota.check(self.store, kind, obj)
        if "managedFields" not in objects.meta(obj):
            managed.track_update(None, obj, writer)
        return obj if dry_run else self.store.put(kind, obj)

    def update(self, place: Place, obj: Object, writer: Writer, *, dry_run: bool = False) -> Object:
        """Replace the object. A resourceVersion in `obj` must be the present one (409)."""
        shapes.check(place.kind, obj)
        before = self.get(place)
        _set_namespace(place.kind, place.namespace, obj)
        if objects.meta(obj).get("name", place.name) != place.name:
            raise status.bad_request("the name of the object does not match the name on the URL")
        _check_expected(place, before, obj)
        defaults.fill(place.kind, obj)
        return self._replace(place, before, obj, writer, dry_run=dry_run)

    def apply(self, place: Place, obj: Object, writer: Writer, *, force: bool, dry_run: bool = False) -> Object:
        """Server-side apply: create the object, or merge into it what this manager wants."""
        applied = objects.clone(obj)
        shapes.check(place.kind, applied)
        _set_namespace(place.kind, place.namespace, applied)
        objects.meta(applied)["name"] = place.name
        before = self.store.get(place.kind, place.namespace, place.name)
        if before is None:
            return self._create_applied(place, applied, writer, dry_run=dry_run)
        _check_expected(place, before, applied)
        if not writer.subresource:
            applied.pop("status", None)

        def normalize(merged: Object) -> None:
            defaults.fill(place.kind, merged)
            strategy.prepare_changed(place.kind, before, merged, writer.subresource)

        after = apply.apply(before, applied, writer, force=force, normalize=normalize)
        return before if after is before else self._finish(place, before, after, writer, dry_run=dry_run)

    def change(self, place: Place, edit: Callable[[Object], Object | None], writer: Writer) -> Object | None:
        """Read, edit and write one object; None where it is gone. `edit` may change its copy or answer another."""
        before = self.store.get(place.kind, place.namespace, place.name)
        if before is None:
            return None
        draft = objects.clone(before)
        return self._replace(place, before, edit(draft) or draft, writer)

    def set_status(self, kind: Kind, obj: Object, found: Object, manager: str) -> None:
        """Write a status that a controller observed, unless it is what stands there."""
        place = place_of(kind, obj)
        current = self.store.get(kind, place.namespace, place.name)
        if current is None or objects.uid(current) != objects.uid(obj) or objects.status(current) == found:
            return
        after = {**current, "metadata": dict(current["metadata"]), "status": found}
        self._replace(place, current, after, Writer(manager, "Update", "status"))

    def write(self, place: Place, before: Object, after: Object, writer: Writer) -> Object:
        """Keep a change that no client could make (a binding, a deletion's mark), with its owner on record."""
        managed.track_update(before, after, writer)
        return self._keep(place, after)

    def _create_applied(self, place: Place, applied: Object, writer: Writer, *, dry_run: bool) -> Object:
        if objects.meta(applied).get("resourceVersion") or objects.meta(applied).get("uid"):
            raise status.not_found(place.kind, place.name)
        if not writer.subresource:
            applied.pop("status", None)
        # Only what was written by hand is owned; defaults are nobody's.
        intent = objects.clone(applied)
        created = self.create(place.kind, place.namespace, applied, writer, dry_run=True)
        managed.write(created, [])
        managed.own(created, intent, writer)
        return created if dry_run else self.store.put(place.kind, created)

    def _replace(self, place: Place, before: Object, after: Object, writer: Writer, *, dry_run: bool = False) -> Object:
        strategy.prepare_changed(place.kind, before, after, writer.subresource)
        managed.track_update(before, after, writer)
        return self._finish(place, before, after, writer, dry_run=dry_run)

    def _finish(self, place: Place, before: Object, after: Object, writer: Writer, *, dry_run: bool) -> Object:
        if writer.subresource != "status":
            strategy.check_finalizers(place.kind, before, after)
            validation.check_changed(place.kind, before, after)
        if after == before or dry_run:
            return before if after == before else after
        return self._keep(place, after)

    def _keep(self, place: Place, after: Object) -> Object:
        kept = self.store.put(place.kind, after)
        return self.store.remove(place.kind, kept) if strategy.is_done(place.kind, kept) else kept

    def _require_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        if not kind.namespaced:
            return
        found = self.store.get(known.NAMESPACES, "", namespace)
        if found is None:
            raise status.not_found(known.NAMESPACES, namespace)
        if objects.is_deleting(found):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = status.Cause(
                "NamespaceTerminating", "metadata.namespace", f"namespace {namespace} is being terminated"
            )
            raise status.forbidden(kind, name, why, [cause])


def _set_namespace(kind: Kind, namespace: str, obj: Object) -> None:
    metadata = objects.meta(obj)
    if not kind.namespaced:
        metadata.pop("namespace", None)
        return
    if metadata.get("namespace") not in (None, "", namespace):
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = namespace


def _check_expected(place: Place, before: Object, obj: Object) -> None:
    """Optimistic concurrency: who names a revision or uid means exactly that object."""
    metadata = objects.meta(obj)
    if metadata.get("resourceVersion") not in (None, "", objects.meta(before)["resourceVersion"]):
        raise status.stale(place.kind, place.name)
    if metadata.get("uid") not in (None, "", objects.uid(before)):
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {objects.uid(before)}"
        raise status.StatusError(
            409, "Conflict", f'Operation cannot be fulfilled on {place.kind.resource} "{place.name}": {why}'
        )
