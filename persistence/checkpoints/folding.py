"""Reads checkpoints one after another: whether they hold together, and how far each trail had come at most."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from persistence.chain import Tip
from persistence.checkpoints.entries import PURPOSE, VANISHED, digest_of, heads_of
from persistence.exports.verifying import Report
from persistence.signing import Document, PublicKeys


class Seen(NamedTuple):
    """How far a trail had come, and the checkpoint that saw it."""

    tip: Tip
    number: int
    taken_at: str


@dataclass(slots=True)
class Folded:
    """What all checkpoints say together; `archived`: where the trails end that left the log for an archive.
    `seen`: of each instance the furthest; `differing`: those that went back."""

    count: int = 0
    last: Document | None = None
    unreadable: int = 0
    seen: dict[UUID, Seen] = field(default_factory=dict)
    archived: Mapping[UUID, Tip] = field(default_factory=dict)
    differing: set[UUID] = field(default_factory=set)

    def explains(self, instance_id: UUID, seen: Seen) -> bool:
        """Whether an archive has all that was seen of the trail, which is therefore not missing."""
        archived = self.archived.get(instance_id)
        if archived is None:
            return False
        return archived == seen.tip or archived.sequence > seen.tip.sequence


async def fold(
    entries: AsyncIterator[bytes], keys: PublicKeys, report: Report, archived: Mapping[UUID, Tip] = MappingProxyType({})
) -> Folded:
    """All of them, in their order; what does not hold together is noted in the report.

    Those before the first that has all heads are passed over: what they build upon is there no more.
    """
    folding = _Folding(keys, report, archived)
    async for entry in entries:
        folding.take(entry)
    folding.end()
    return folding.folded


class _Folding:
    def __init__(self, keys: PublicKeys, report: Report, archived: Mapping[UUID, Tip]) -> None:
        self.folded = Folded(archived=archived)
        self._keys = keys
        self._report = report
        self._heads: dict[UUID, Tip] = {}
        self._pending: tuple[str, dict[UUID, Tip]] = ("", {})

    def take(self, entry: bytes) -> None:
        try:
            found = orjson.loads(entry)
            if found["kind"] == "heads":
                self._collect(found["checkpoint"], heads_of(found["heads"]))
            else:
                self._conclude(found["document"])
        except (ValueError, KeyError, TypeError):
            self.folded.unreadable += 1

    def end(self) -> None:
        """The last one: whether its heads come to what it says of all of them."""
        last = self.folded.last
        if last is not None and not self._report.differing and digest_of(self._heads).hex() != last["digest"]:
            self._note(last, "its heads, with those of the checkpoints before it, do not come to its digest")

    def _collect(self, checkpoint_id: str, heads: dict[UUID, Tip]) -> None:
        known, collected = self._pending
        self._pending = (checkpoint_id, {**collected, **heads} if known == checkpoint_id else heads)

    def _conclude(self, document: Document) -> None:
        identity, collected = self._pending
        self._pending = ("", {})
        if why := self._keys.check(PURPOSE, document):
            self._report.note(None, None, f"a checkpoint that calls itself {document.get('number')}: {why}")
            return
        changed = collected if identity == document["id"] else {}
        if (digest := digest_of(changed)).hex() != document["changed_digest"]:
            self._note(document, f"its heads were changed: {digest.count} stand with it, of {document['changed']}")
            return
        if self._follows(document):
            self._add(document, changed)

    def _follows(self, document: Document) -> bool:
        last = self.folded.last
        if last is None:
            return bool(document["since"] == 0)
        if document["number"] <= last["number"]:
            self._note(document, f"it stands after checkpoint {last['number']}")
        elif document["since"] > last["number"]:
            self._note(document, f"it builds upon checkpoint {document['since']}, which is missing")
        return True

    def _add(self, document: Document, changed: dict[UUID, Tip]) -> None:
        vanished = self._heads.keys() - changed.keys() if document["since"] == 0 else ()
        for instance_id in vanished:
            self._compare(instance_id, VANISHED, document)
            del self._heads[instance_id]
        for instance_id, tip in changed.items():
            self._compare(instance_id, tip, document)
            if tip.sequence:
                self._heads[instance_id] = tip
            else:
                self._heads.pop(instance_id, None)
        self.folded.last = document
        self.folded.count += 1

    def _compare(self, instance_id: UUID, tip: Tip, document: Document) -> None:
        """With the furthest that was seen of the instance."""
        seen = self.folded.seen.get(instance_id)
        if seen is None or tip.sequence > seen.tip.sequence:
            self.folded.seen[instance_id] = Seen(tip, document["number"], document["taken_at"])
        elif tip == VANISHED and self.folded.explains(instance_id, seen):
            return
        elif tip.sequence < seen.tip.sequence:
            why = "the instance was gone" if not tip.sequence else f"the trail ended with row {tip.sequence}"
            self._differs(instance_id, tip.sequence + 1, document, f"{why}, and {before(seen)}")
        elif tip.hash != seen.tip.hash:
            self._differs(instance_id, tip.sequence, document, f"the row was another, and {before(seen)}")

    def _differs(self, instance_id: UUID, sequence: int, document: Document, why: str) -> None:
        if instance_id not in self.folded.differing:
            self.folded.differing.add(instance_id)
            self._report.note(str(instance_id), sequence, f"at checkpoint {document['number']} {why}")

    def _note(self, document: dict[str, Any], why: str) -> None:
        self._report.note(None, None, f"checkpoint {document['number']} of {document['taken_at']}: {why}")


def before(seen: Seen) -> str:
    """What a checkpoint saw, as a difference tells it."""
    return f"checkpoint {seen.number} ({seen.taken_at[:19]}Z) saw row {seen.tip.sequence}"
