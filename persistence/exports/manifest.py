"""What an export says of itself, signed: made only once its last row was sent, so that a part of one has none."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from persistence.exports.formats import FORMATS, Format, Row
from persistence.exports.heads import HeadsDigest
from persistence.signing import Document, Signer
from persistence.trails import Head, begun

VERSION = 1
PURPOSE = "reprise audit export"
_WHOLE = frozenset({"instance_id", "customer_id"})
"""Filters that take trails as a whole; all others leave rows out."""


def is_whole(filters: Mapping[str, Any]) -> bool:
    """Whether an export by these filters has every row of each of its instances."""
    return filters.keys() <= _WHOLE


class Tally:
    """Counts and digests what goes into an export, a batch at a time; holds one head."""

    def __init__(self, encoding: Format) -> None:
        self._encoding = FORMATS[encoding]
        self._file = hashlib.sha256()
        self._begin = self._encoding.header
        self._heads = HeadsDigest()
        self._head: Head | None = None
        self._times: list[str] = []
        self.rows = 0

    def add(self, rows: Iterable[Row]) -> bytes:
        """The lines of these rows, counted; before the first of them what the file begins with.

        Whether they are intact is for who verifies the file.
        """
        batch = list(rows)
        for row in batch:
            self._count(row)
        lines, self._begin = self._begin + self._encoding.encode(batch), b""
        self._file.update(lines)
        return lines

    def finished(self, about: Mapping[str, Any], signer: Signer) -> Document:
        """The signed manifest; `about` is what it says besides."""
        self._end_trail()
        counted = {
            "version": VERSION,
            "rows": self.rows,
            "instances": self._heads.count,
            "first_recorded_at": self._times[0] if self._times else None,
            "last_recorded_at": self._times[1] if self._times else None,
            "sha256": self._file.hexdigest(),
            "heads_sha256": self._heads.hex(),
        }
        return signer.sign(PURPOSE, {**about, **counted})

    def _count(self, row: Row) -> None:
        self.rows += 1
        at = row.columns[4]
        self._times = [min(self._times[0], at), max(self._times[1], at)] if self._times else [at, at]
        if self._head is not None and self._head.instance_id == row.instance_id:
            self._head = self._head.extended(row)
            return
        self._end_trail()
        self._head = begun(row)

    def _end_trail(self) -> None:
        if self._head is not None:
            self._heads.add(self._head)
            self._head = None
