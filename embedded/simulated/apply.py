"""Server-side apply: merges what a manager wants into what is, and refuses to take fields others own."""

from collections.abc import Callable
from typing import Any

from embedded.simulated import fieldsets, managed, merging, objects, status
from embedded.simulated.fieldsets import Field
from embedded.simulated.managed import Entry, Writer
from embedded.simulated.objects import Object
from embedded.simulated.status import Cause, StatusError

Normalize = Callable[[Object], None]


def apply(live: Object, applied: Object, writer: Writer, *, force: bool, normalize: Normalize) -> Object:
    """The object as it is after `writer` applied its intent; `live` itself where that changes nothing.

    `normalize` fills in defaults. Raises StatusError (409) naming each field that another manager owns with another
    value, unless forced.
    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
    """
    wanted = set(fieldsets.of(applied))
    entries = managed.read(live)
    mine = next((entry for entry in entries if entry.writer == writer), None)
    others = [entry for entry in entries if entry is not mine]
    merged: Object = merge(live, applied)
    if mine is not None:
        _prune(merged, set(mine.fields), wanted, others)
    normalize(merged)
    changed = _changed(live, merged)
    if not force:
        _refuse_conflicts(others, wanted & changed)
    others = [entry.without(changed) for entry in others]
    if mine is not None and mine.fields == wanted and not changed:
        return live
    managed.write(merged, [*others, Entry(writer, frozenset(wanted), merged["apiVersion"], objects.now())])
    return merged


def merge(live: Any, wanted: Any, field: str = "") -> Any:
    """`wanted` laid over `live`: maps and keyed lists are merged, everything else is replaced."""
    if isinstance(live, dict) and isinstance(wanted, dict) and not (field and merging.is_atomic(field)):
        merged = {key: objects.clone(value) for key, value in live.items()}
        for key, value in wanted.items():
            merged[key] = merge(live.get(key), value, key)
        return merged
    if isinstance(live, list) and isinstance(wanted, list):
        return _merge_lists(live, wanted, field)
    return objects.clone(wanted)


def _merge_lists(live: list[Any], wanted: list[Any], field: str) -> list[Any]:
    if merging.is_set(field):
        return [*live, *(item for item in wanted if item not in live)]
    keys = merging.keys_of(field, [*live, *wanted])
    if keys is None or merging.is_atomic(field):
        return list(objects.clone(wanted))
    by_key = {merging.key_values(item, keys): item for item in live}
    for item in wanted:
        key = merging.key_values(item, keys)
        by_key[key] = merge(by_key.get(key), item)
    return [objects.clone(item) for item in by_key.values()]


def _prune(merged: Object, owned: set[Field], wanted: set[Field], others: list[Entry]) -> None:
    """Remove what this manager used to want and no longer does, unless somebody else owns it too."""
    held = wanted.union(*(entry.fields for entry in others))
    # A place that still has something of somebody in it stays: only the field itself is given up.
    needed = {field[:length] for field in held for length in range(1, len(field) + 1)}
    # An item of a list goes as a whole, before the fields in it by which it is found.
    for field in sorted(owned - needed, key=len):
        fieldsets.remove(merged, field)


def _changed(live: Object, merged: Object) -> set[Field]:
    old, new = fieldsets.of(live), fieldsets.of(merged)
    changed = {field for field, value in new.items() if field not in old or old[field] != value}
    return changed | (old.keys() - new.keys())


def _refuse_conflicts(others: list[Entry], taken: set[Field]) -> None:
    conflicts = [(entry, field) for entry in others for field in sorted(entry.fields & taken)]
    if conflicts:
        raise _conflict(conflicts)


def _conflict(conflicts: list[tuple[Entry, Field]]) -> StatusError:
    causes = [
        Cause("FieldManagerConflict", fieldsets.path_text(field), f"conflict with {_worded(entry)}")
        for entry, field in conflicts
    ]
    if len(causes) == 1:
        return status.apply_conflict(f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}", causes)
    lines: list[str] = []
    for entry in sorted({id(entry): entry for entry, _ in conflicts}.values(), key=_worded):
        lines.append(f"conflicts with {_worded(entry)}:")
        lines += [f"- {fieldsets.path_text(field)}" for owner, field in conflicts if owner is entry]
    return status.apply_conflict(f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), causes)


def _worded(entry: Entry) -> str:
    writer = entry.writer
    worded = f'"{writer.manager}"' + (f' with subresource "{writer.subresource}"' if writer.subresource else "")
    return f"{worded} using {entry.api_version} at {entry.time}" if writer.operation == "Update" else worded
