"""Rows of the audit log as lines of a file and back: nothing of what was hashed is lost on the way.

CSV has no null, and spreadsheets take what begins with =, +, -, @, tab or return for a formula. So a cell of text that
begins with one of these, or with an apostrophe, gets an apostrophe before it, and so does a text that is empty where
there could be none at all; a reader takes one leading apostrophe away.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson

from persistence.chain import Entry

Format = Literal["jsonl", "csv"]
NAMES = (*Entry._fields, "prev_hash", "hash")
_IDS = ("instance_id", "event_id", "correlation_id", "causation_id")
_NUMBERS = frozenset({"sequence", "attempt", "step"})
_NULLABLE = frozenset({"attempt", "step", "error_code", "error", "causation_id"})
_ALL = frozenset(NAMES)
_WIDTH = len(Entry._fields)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


class Unreadable(Exception):
    """A line that is no row. The message says why."""


class Row(NamedTuple):
    """One row of an export: its columns as they are hashed, the hash of the row before and its own."""

    columns: tuple[Any, ...]
    prev_hash: bytes
    hash: bytes

    @property
    def instance_id(self) -> str:
        """Whose row it is."""
        return str(self.columns[0])

    @property
    def sequence(self) -> int:
        """Its number in the trail."""
        return int(self.columns[1])


def of_record(record: Sequence[Any]) -> Row:
    """The row of a record of PostgreSQL that has the columns in order."""
    return Row(Entry(*record[:_WIDTH]).columns(), record[_WIDTH], record[_WIDTH + 1])


def to_record(row: Row) -> tuple[Any, ...]:
    """The inverse: the columns as PostgreSQL has them. Raises Unreadable where they are none."""
    named = dict(zip(NAMES, (*row.columns, row.prev_hash, row.hash), strict=True))
    try:
        for name in _IDS:
            named[name] = UUID(named[name]) if named[name] is not None else None
        named["recorded_at"] = datetime.fromisoformat(named["recorded_at"])
        named["event"], named["policy"] = named["event"].encode(), named["policy"].encode()
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"row {row.sequence} of {row.instance_id} is no row of an audit log: {error}") from None
    return tuple(named.values())


def format_of(head: bytes) -> type["Jsonl"] | type["Csv"]:
    """The format of a file that begins so."""
    return Csv if Csv.header.startswith(head[:10]) and head else Jsonl


class Jsonl:
    """One JSON object a line."""

    header = b""

    @staticmethod
    def encode(rows: Iterable[Row]) -> bytes:
        """The lines of these rows."""
        return b"".join(orjson.dumps(_named(row), str, orjson.OPT_APPEND_NEWLINE) for row in rows)

    @staticmethod
    def decode(lines: Iterable[bytes]) -> Iterator[Row]:
        """The inverse. Raises Unreadable."""
        for line in lines:
            try:
                found = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise Unreadable(f"it is no JSON ({error})") from None
            if not isinstance(found, dict):
                raise Unreadable("it is no JSON object")
            yield _row(found)


class Csv:
    """A head line and one record a row."""

    header = ",".join(f'"{name}"' for name in NAMES).encode() + b"\n"

    @staticmethod
    def encode(rows: Iterable[Row]) -> bytes:
        """The records of these rows."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([_cell(value) for value in _named(row).values()] for row in rows)
        return text.getvalue().encode()

    @staticmethod
    def decode(lines: Iterable[bytes]) -> Iterator[Row]:
        """The inverse, of lines that begin with the head. Raises Unreadable."""
        csv.field_size_limit(sys.maxsize)  # an event may be longer than what a cell may be by default
        records = csv.reader((line.decode() for line in lines), strict=True)
        try:
            if (head := next(records, None)) != list(NAMES):
                raise Unreadable(f"the first line does not name the columns of an export: {head}")
            for cells in records:
                if len(cells) != len(NAMES):
                    raise Unreadable(f"it has {len(cells)} cells, and an export {len(NAMES)}")
                yield _row({name: _value(name, cell) for name, cell in zip(NAMES, cells, strict=True)})
        except (csv.Error, UnicodeDecodeError) as error:
            raise Unreadable(f"it is no CSV ({error})") from None


FORMATS: Mapping[Format, type[Jsonl] | type[Csv]] = {"jsonl": Jsonl, "csv": Csv}


def _named(row: Row) -> dict[str, Any]:
    return dict(zip(NAMES, (*row.columns, row.prev_hash.hex(), row.hash.hex()), strict=True))


def _row(found: Mapping[str, Any]) -> Row:
    if found.keys() != _ALL:
        raise Unreadable("it has not the columns of an export")
    values = [found[name] for name in NAMES]
    try:
        row = Row(tuple(values[:_WIDTH]), bytes.fromhex(values[_WIDTH]), bytes.fromhex(values[_WIDTH + 1]))
    except (TypeError, ValueError):
        raise Unreadable("prev_hash or hash is no hash") from None
    if not isinstance(values[0], str) or type(values[1]) is not int:
        raise Unreadable("instance_id or sequence is none")
    return row


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and (not text or text.startswith(_FORMULA)) else text


def _value(name: str, cell: str) -> str | int | None:
    if not cell:
        return None if name in _NULLABLE else ""
    read: Callable[[str], str | int] = _number if name in _NUMBERS else _plain
    return read(cell)


def _plain(cell: str) -> str:
    return cell.removeprefix("'")


def _number(cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise Unreadable(f"{cell!r} is no number") from None
