"""The heads of an export: of each instance in it where its rows begin and end, so that what is missing has a name.

They stand in a file of their own beside the export, in the order of the rows; the manifest has the digest over them.
"""

import hashlib
from collections.abc import Iterable, Iterator

from persistence.exports.formats import Unreadable
from persistence.trails import Head


class HeadsDigest:
    """SHA-256 over the lines of the heads, in order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0

    def add(self, head: Head) -> bytes:
        """The line of the head, once it is counted."""
        line = to_line(head)
        self._digest.update(line)
        self.count += 1
        return line

    def hex(self) -> str:
        """Over all that were added."""
        return self._digest.hexdigest()


def to_line(head: Head) -> bytes:
    """Six words: instance, rows, first sequence, the hash before it (- for none), last sequence, its hash."""
    prev, last = head.first_prev.hex() or "-", head.last_hash.hex()
    return f"{head.instance_id} {head.rows} {head.first} {prev} {head.last} {last}\n".encode()


def from_lines(lines: Iterable[bytes]) -> Iterator[Head]:
    """The inverse. Raises Unreadable."""
    for line in lines:
        try:
            identity, rows, first, prev, last, digest = line.decode().split()
            before = b"" if prev == "-" else bytes.fromhex(prev)
            yield Head(identity, int(rows), int(first), before, int(last), bytes.fromhex(digest))
        except ValueError:
            raise Unreadable(f"{line[:80]!r} is no line of an export's heads") from None
