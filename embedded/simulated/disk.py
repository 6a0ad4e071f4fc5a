"""Keeps every acknowledged write on disk, so that a killed server comes back with all of it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import orjson

from embedded.simulated.objects import Object

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revision (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL);
INSERT OR IGNORE INTO revision VALUES (1, 1);
"""
_PUT = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)"
_REMOVE = "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?"

Key = tuple[str, str, str]


class Disk:
    """One SQLite file. A write is in the file (not only in this process) when the call returns."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        # WAL with NORMAL: a commit is handed to the operating system, which a kill of this process cannot undo;
        # only a power cut may, and that is a cost (an fsync per write) a simulated cluster need not pay.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def revision(self) -> int:
        return int(self._connection.execute("SELECT value FROM revision").fetchone()[0])

    def objects(self) -> Iterator[tuple[Key, Object]]:
        rows = self._connection.execute("SELECT resource, namespace, name, body FROM objects")
        return (((resource, namespace, name), orjson.loads(body)) for resource, namespace, name, body in rows)

    def put(self, key: Key, obj: Object, revision: int) -> None:
        self._write(_PUT, (*key, orjson.dumps(obj)), revision)

    def remove(self, key: Key, revision: int) -> None:
        self._write(_REMOVE, key, revision)

    def close(self) -> None:
        self._connection.close()

    def _write(self, statement: str, values: tuple[object, ...], revision: int) -> None:
        self._connection.execute("BEGIN")
        self._connection.execute(statement, values)
        self._connection.execute("UPDATE revision SET value = ?", (revision,))
        self._connection.execute("COMMIT")
