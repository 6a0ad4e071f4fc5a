"""Verifies an export without server or database: signature, bytes, every row's hash, order, and completeness.

It reads the file once, a row at a time, beside the file of its heads; each instance that differs is named with its
first row that does.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from persistence.exports.formats import FORMATS, Row, Unreadable
from persistence.exports.heads import HeadsDigest, from_lines
from persistence.exports.manifest import PURPOSE, VERSION
from persistence.signing import Document, PublicKeys
from persistence.trails import Head, Trail

KEPT = 1_000
"""Differences that are kept to be shown; those beyond are counted."""
_EVERY = 10_000

Progress = Callable[[int], None]


class Difference(NamedTuple):
    """What is not as it was signed. `instance_id` None: the file as a whole; `sequence` None: no one row."""

    instance_id: str | None
    sequence: int | None
    why: str


@dataclass(slots=True)
class Report:
    """How much was read, and what differs: of each instance the first row that does."""

    rows: int = 0
    instances: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)

    def note(self, instance_id: str | None, sequence: int | None, why: str) -> None:
        """One more difference."""
        self.differing += 1
        if len(self.differences) < KEPT:
            self.differences.append(Difference(instance_id, sequence, why))


class Sources(NamedTuple):
    """Lines of the files. `heads` None: there is no such file, and what is missing as a whole has no name."""

    rows: Iterable[bytes]
    heads: Iterable[bytes] | None


def verify(
    sources: Sources, manifest: Document, keys: PublicKeys, progress: Progress, write_head: Callable[[bytes], object]
) -> Report:
    """What differs from what was signed; `write_head` is given the line of each instance's head as it is found.

    A manifest whose signature cannot be believed is the one difference: nothing can be compared with it.
    """
    report = Report()
    if why := keys.check(PURPOSE, manifest) or _unknown(manifest):
        report.note(None, None, f"the manifest cannot be believed: {why}")
        return report
    _Reading(report, manifest, sources, write_head).read(progress)
    return report


class _Reading:
    """One pass over the rows, beside the heads that they should come to."""

    def __init__(
        self, report: Report, manifest: Document, sources: Sources, write_head: Callable[[bytes], object]
    ) -> None:
        self._report = report
        self._manifest = manifest
        self._bytes = hashlib.sha256()
        self._lines = sources.rows
        self._expected = _Expected(report, manifest, sources.heads)
        self._write_head = write_head
        self._heads = HeadsDigest()
        self._instance_id = ""
        self._furthest = ""
        self._trail: Trail | None = None

    def read(self, progress: Progress) -> None:
        report = self._report
        try:
            for row in FORMATS[self._manifest["format"]].decode(self._hashed()):
                self._take(row)
                report.rows += 1
                if report.rows % _EVERY == 0:
                    progress(report.rows)
        except Unreadable as error:
            report.note(None, None, f"the record after row {report.rows:,} of the file cannot be read: {error}")
            return
        self._end_trail()
        self._expected.end()
        if not report.differing:
            self._compare_whole()

    def _hashed(self) -> Iterator[bytes]:
        for line in self._lines:
            self._bytes.update(line)
            yield line

    def _take(self, row: Row) -> None:
        if row.instance_id != self._instance_id:
            self._end_trail()
            self._begin(row)
        if self._trail is not None and (why := self._trail.take(row)) is not None:
            self._differs(row, why)

    def _begin(self, row: Row) -> None:
        self._report.instances += 1
        self._instance_id = row.instance_id
        if row.instance_id <= self._furthest:
            self._differs(row, "the rows of this instance do not stand together, or instances are not in order")
            return
        self._furthest = row.instance_id
        self._trail = Trail(whole=self._manifest["whole_trails"])
        self._expected.reach(row.instance_id)

    def _differs(self, row: Row, why: str) -> None:
        self._report.note(row.instance_id, row.sequence, why)
        self._trail = None
        self._expected.skip(row.instance_id)

    def _end_trail(self) -> None:
        if self._trail is not None and self._trail.head is not None:
            head = self._trail.head
            self._write_head(self._heads.add(head))
            self._expected.compare(head)
        self._trail = None

    def _compare_whole(self) -> None:
        """Where every row agrees by itself: whether these are the rows, and the bytes, that were signed."""
        report, manifest = self._report, self._manifest
        found = {"rows": report.rows, "instances": report.instances, "heads_sha256": self._heads.hex()}
        for name, value in {**found, "sha256": self._bytes.hexdigest()}.items():
            if manifest[name] != value:
                report.note(None, None, f"{name} is {value}, and {manifest[name]} was signed: this is another file")
                return


class _Expected:
    """The heads that were signed, in step with the rows."""

    def __init__(self, report: Report, manifest: Document, lines: Iterable[bytes] | None) -> None:
        self._report = report
        self._signed = manifest["heads_sha256"]
        self._digest = HeadsDigest()
        self._heads = from_lines(lines) if lines is not None else None
        self._next = self._read()

    def reach(self, instance_id: str) -> None:
        """The rows have come to this instance: those before it that had none are missing."""
        while self._next is not None and self._next.instance_id < instance_id:
            self._missing(self._next)
            self._next = self._read()

    def compare(self, found: Head) -> None:
        """The rows of an instance have ended."""
        if self._heads is None:
            return
        expected = self._next
        if expected is None or expected.instance_id != found.instance_id:
            self._report.note(found.instance_id, found.first, "this instance was not in the export: it was added")
            return
        self._next = self._read()
        if found != expected:
            self._report.note(found.instance_id, *_unlike(found, expected))

    def skip(self, instance_id: str) -> None:
        """The instance differs already: its head tells nothing more."""
        if self._next is not None and self._next.instance_id == instance_id:
            self._next = self._read()

    def end(self) -> None:
        """There are no more rows."""
        while self._next is not None:
            self._missing(self._next)
            self._next = self._read()
        if self._heads is not None and self._digest.hex() != self._signed:
            self._report.note(None, None, "the file of the heads is not the one that was signed")

    def _missing(self, head: Head) -> None:
        whole = f"all {head.rows} rows of this instance, {head.first} to {head.last}, are missing"
        why = whole if head.rows > 1 else f"row {head.first} of this instance, its only one, is missing"
        self._report.note(head.instance_id, head.first, why)

    def _read(self) -> Head | None:
        if self._heads is None:
            return None
        try:
            head = next(self._heads, None)
        except Unreadable as error:
            self._report.note(None, None, f"the file of the heads cannot be read: {error}")
            return None
        if head is not None:
            self._digest.add(head)
        return head


def _unlike(found: Head, expected: Head) -> tuple[int, str]:
    """The first row of an instance that is not what was signed, where each of its rows agrees by itself."""
    if found.first != expected.first:
        return expected.first, f"row {expected.first} is missing: the rows begin with {found.first}"
    if found.first_prev != expected.first_prev:
        return expected.first, f"row {expected.first} follows another row than the one that was signed"
    if found.last < expected.last:
        return found.last + 1, f"rows after {found.last} are missing: the last that was signed is row {expected.last}"
    if found.last > expected.last:
        return expected.last + 1, f"rows after {expected.last}, the last that was signed, were added"
    if found.last_hash != expected.last_hash:
        return (
            found.last,
            f"row {found.last} is another than was signed: they were rewritten, with hashes that agree",
        )
    return found.first, f"of {expected.rows} rows that were signed {found.rows} stand here: some in between are missing"


def _unknown(manifest: Document) -> str | None:
    version = manifest.get("version")
    return None if version == VERSION else f"it is of version {version}, and this Reprise reads version {VERSION}"
