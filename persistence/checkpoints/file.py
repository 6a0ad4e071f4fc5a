"""Checkpoints in a file, a line an entry: only ever appended to."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from persistence.checkpoints.entries import Entry

TAIL = 1 << 20
"""Bytes at the end of the file that hold the last checkpoint, also where a crash left a portion after it."""


def append(file: Path, entries: Iterable[Entry]) -> None:
    """Write these entries at its end, down to the disk. Raises OSError.

    A line that a crash left unfinished is ended first: it belongs to a checkpoint that counts for nothing.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "r+b", buffering=0) as lines:
        torn = lines.seek(0, os.SEEK_END) > 0 and _last_byte(descriptor) != b"\n"
        lines.write(b"\n" * torn + b"".join(entry.data + b"\n" for entry in entries))
        os.fsync(descriptor)


def read(file: Path) -> Iterator[bytes]:
    """Its lines. Raises OSError."""
    with file.open("rb") as lines:
        yield from lines


def last_number(file: Path) -> int:
    """The number of the last checkpoint in it; 0 where there is none. Raises OSError."""
    try:
        with file.open("rb") as content:
            content.seek(max(content.seek(0, os.SEEK_END) - TAIL, 0))
            lines = content.read().splitlines()
    except FileNotFoundError:
        return 0
    return next((number for line in reversed(lines) if (number := _number(line))), 0)


def _number(line: bytes) -> int:
    try:
        return int(orjson.loads(line)["document"]["number"])
    except (ValueError, KeyError, TypeError):  # heads, or what a crash left of a line
        return 0


def _last_byte(descriptor: int) -> bytes:
    return os.pread(descriptor, 1, os.lseek(descriptor, 0, os.SEEK_END) - 1)
