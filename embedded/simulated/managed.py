"""Keeps metadata.managedFields: who owns which field, changed by every write."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from embedded.simulated import fieldsets, objects
from embedded.simulated.fieldsets import Field
from embedded.simulated.objects import Object

Operation = Literal["Apply", "Update"]


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, as managedFields tells writers apart."""

    manager: str
    operation: Operation = "Update"
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """The fields one writer owns."""

    writer: Writer
    fields: frozenset[Field]
    api_version: str
    time: str

    def without(self, gone: set[Field]) -> "Entry":
        return replace(self, fields=self.fields - gone) if self.fields & gone else self


def read(obj: Object) -> list[Entry]:
    return [_read_entry(entry) for entry in objects.meta(obj).get("managedFields") or []]


def write(obj: Object, entries: list[Entry]) -> None:
    """Put the entries into the object, without those that own nothing any more."""
    written = [_write_entry(entry) for entry in entries if entry.fields]
    if written:
        objects.meta(obj)["managedFields"] = written
    else:
        objects.meta(obj).pop("managedFields", None)


def track_update(before: Object | None, after: Object, writer: Writer) -> None:
    """Give what a write changed to its writer and take it from everybody else; sets the managedFields of `after`."""
    # Parts that are equal need not be taken apart: most writes are of a status alone.
    parts = [key for key in after if before is None or before.get(key) != after[key]]
    parts += [key for key in before or {} if key not in after]
    old = fieldsets.of({key: before[key] for key in parts if key in before}) if before else {}
    new = fieldsets.of({key: after[key] for key in parts if key in after})
    changed = {field for field, value in new.items() if field not in old or old[field] != value}
    gone = old.keys() - new.keys()
    entries = read(before) if before else []
    if changed or gone:
        entries = _hand_over(entries, writer, changed, gone, after["apiVersion"])
    write(after, entries)


def _hand_over(
    entries: list[Entry], writer: Writer, changed: set[Field], gone: set[Field], api_version: str
) -> list[Entry]:
    owned = next((entry.fields for entry in entries if entry.writer == writer), frozenset[Field]())
    others = [entry.without(changed | gone) for entry in entries if entry.writer != writer]
    mine = Entry(writer, frozenset((owned - gone) | changed), api_version, objects.now())
    return [*others, mine]


def _read_entry(entry: dict[str, Any]) -> Entry:
    writer = Writer(entry["manager"], entry["operation"], entry.get("subresource", ""))
    fields = frozenset(fieldsets.decode(entry.get("fieldsV1") or {}))
    return Entry(writer, fields, entry.get("apiVersion", ""), entry.get("time", ""))


def _write_entry(entry: Entry) -> dict[str, Any]:
    written = {
        "manager": entry.writer.manager,
        "operation": entry.writer.operation,
        "apiVersion": entry.api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fieldsets.encode(set(entry.fields)),
    }
    return {**written, "subresource": entry.writer.subresource} if entry.writer.subresource else written


def own(obj: Object, intent: Object, writer: Writer) -> None:
    """Record that `writer` owns each field of `intent`, and nothing else."""
    write(obj, [*read(obj), Entry(writer, frozenset(fieldsets.of(intent)), obj["apiVersion"], objects.now())])
