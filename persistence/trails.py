"""Follows one trail by its hashes alone, row by row, whatever it is read from: a file, or the audit log itself."""

from typing import NamedTuple

from persistence.chain import digest
from persistence.exports.formats import Row


class Head(NamedTuple):
    """What a trail, or the part of it that was looked at, comes to. Hashes are 32 bytes, b"" before the first row."""

    instance_id: str
    rows: int
    first: int
    first_prev: bytes
    last: int
    last_hash: bytes

    def extended(self, row: Row) -> "Head":
        """With one more row of the instance at its end."""
        return self._replace(rows=self.rows + 1, last=row.sequence, last_hash=row.hash)


def begun(row: Row) -> Head:
    """The head of a part that begins with this row."""
    return Head(row.instance_id, 1, row.sequence, row.prev_hash, row.sequence, row.hash)


class Trail:
    """The rows of one instance in order. `whole`: from the first to the last, without a gap."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self.head: Head | None = None

    def take(self, row: Row) -> str | None:
        """Why the row cannot be what was recorded after those before it; None where it can."""
        why = self._misplaced(row) or _changed(row)
        if why is None:
            self.head = begun(row) if self.head is None else self.head.extended(row)
        return why

    def _misplaced(self, row: Row) -> str | None:
        last, digest_of_last = (self.head.last, self.head.last_hash) if self.head is not None else (0, b"")
        if row.sequence <= last:
            return f"row {row.sequence} stands after row {last}: it was moved, or stands there twice"
        if self._whole and row.sequence != last + 1:
            return f"row {last + 1} is missing: row {row.sequence} stands in its place"
        follows = row.sequence == last + 1 and (self._whole or self.head is not None)
        if follows and row.prev_hash != digest_of_last:
            return "prev_hash is not the hash of the row before: the one or the other was replaced"
        return None


def _changed(row: Row) -> str | None:
    try:
        intact = digest(row.prev_hash, row.columns) == row.hash
    except TypeError:  # a number that no column can hold
        intact = False
    return None if intact else "changed after it was recorded: its hash is not that of its values"
