"""Rows of the audit log that a file has and the log has lost: read beside it, and put back into it by a swap."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from persistence.exports.formats import Row
from persistence.rebuilt_table import SCHEMA, Connection
from persistence.statements import ENTRY_COLUMNS
from schemas.errors import Refused

TRAILS = f"{SCHEMA}.trails"
"""A view of all rows there are: those of the log, and those that it lacks."""
_FOUND = f"{SCHEMA}.found"
_AT_A_TIME = 1_000
_COLUMNS = ", ".join(ENTRY_COLUMNS)
_FROM_TEXT: dict[str, Callable[[Any], Any]] = {
    "uuid": UUID,
    "timestamptz": datetime.fromisoformat,
    "bytea": lambda value: value if isinstance(value, bytes) else value.encode(),
}

_MAKE = f"""
CREATE TABLE {_FOUND} (LIKE audit_log, PRIMARY KEY (instance_id, sequence));
CREATE VIEW {TRAILS} AS SELECT {_COLUMNS} FROM audit_log UNION ALL SELECT {_COLUMNS} FROM {_FOUND}
"""  # noqa: S608  # names of our own
# a cursor that has read a table keeps it from being dropped in the same transaction: so it is gone before there is one
_LOG_ALONE = f"""
CREATE OR REPLACE VIEW {TRAILS} AS SELECT {_COLUMNS} FROM audit_log;
DROP TABLE {_FOUND}
"""  # noqa: S608  # as above
_FORGET_KNOWN = f"""
DELETE FROM {_FOUND} f USING audit_log a
WHERE (a.instance_id, a.sequence) = (f.instance_id, f.sequence) AND a.hash = f.hash
"""  # noqa: S608  # as above
_FORGET_ARCHIVED = f"DELETE FROM {_FOUND} WHERE instance_id IN (SELECT instance_id FROM audit_archived)"  # noqa: S608
_UNLIKE = f"SELECT instance_id, sequence FROM {_FOUND} JOIN audit_log USING (instance_id, sequence) LIMIT 1"  # noqa: S608
_PUT_BACK = f"INSERT INTO audit_log ({_COLUMNS}) SELECT {_COLUMNS} FROM {_FOUND}"  # noqa: S608  # as above
_PUT_BACK_IDS = f"""
INSERT INTO event_ids (event_id, instance_id, sequence) SELECT event_id, instance_id, sequence FROM {_FOUND}
ON CONFLICT DO NOTHING
"""  # noqa: S608  # as above


async def load(connection: Connection, rows: Iterable[Row]) -> int:
    """These rows beside those of the log; how many of them it lacks. Those that it has must be the same.

    What has left the log into an archive is not missing.

    Raises Refused where one is not.
    """
    await connection.execute(_MAKE)
    remaining = iter(rows)
    while batch := [_record(row) for row in islice(remaining, _AT_A_TIME)]:
        await connection.copy_records_to_table("found", schema_name=SCHEMA, columns=list(ENTRY_COLUMNS), records=batch)
    await connection.execute(_FORGET_KNOWN)
    await connection.execute(_FORGET_ARCHIVED)
    await _refuse_unlike(connection)
    return int(await connection.fetchval(f"SELECT count(*) FROM {_FOUND}"))  # noqa: S608  # a name of our own


async def restore(connection: Connection) -> int:
    """Put back into the log what it lacks; how many rows. Nobody may write to it meanwhile. Raises Refused."""
    await connection.execute(_FORGET_KNOWN)
    await _refuse_unlike(connection)
    restored = int((await connection.execute(_PUT_BACK)).split()[-1])
    await connection.execute(_PUT_BACK_IDS)
    await connection.execute(_LOG_ALONE)
    return restored


async def _refuse_unlike(connection: Connection) -> None:
    row = await connection.fetchrow(_UNLIKE)
    if row is not None:
        where = f"row {row['sequence']} of instance {row['instance_id']}"
        raise Refused(f"{where} is another in the file than in the audit log: one of the two was rewritten")


def _record(row: Row) -> tuple[Any, ...]:
    """As PostgreSQL takes it; a file has text for what JSON does not know."""
    values = (*row.columns, row.prev_hash, row.hash)
    pairs = zip(ENTRY_COLUMNS.values(), values, strict=True)
    return tuple(
        _FROM_TEXT[kind](value) if value is not None and kind in _FROM_TEXT else value for kind, value in pairs
    )
