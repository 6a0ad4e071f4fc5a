"""Recomputes the audit log's chains from what PostgreSQL holds: a row that was lost or changed breaks its chain."""

from itertools import groupby

import asyncpg

from persistence.chain import Entry


async def intact_trails(database_url: str) -> dict[str, list[str]]:
    """The types of each instance's events in order, by its id, after every hash was computed anew."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT * FROM audit_log ORDER BY instance_id, sequence")
        tips = {row["id"]: row["sequence"] for row in await connection.fetch("SELECT id, sequence FROM instances")}
    finally:
        await connection.close()
    found = {}
    for instance_id, trail in groupby(rows, key=lambda row: row["instance_id"]):
        found[str(instance_id)] = _checked(list(trail), tips[instance_id])
    assert len(found) == len(tips), "an instance has no audit log"
    return found


def _checked(trail: list[asyncpg.Record], last: int) -> list[str]:
    assert [row["sequence"] for row in trail] == list(range(1, last + 1))
    before = b""
    for row in trail:
        assert row["prev_hash"] == before, f"row {row['sequence']} does not follow the one before"
        assert Entry(**{name: row[name] for name in Entry._fields}).hashed(before) == row["hash"]
        before = row["hash"]
    return [row["type"] for row in trail]


async def moves(database_url: str, instance_id: str) -> list[str]:
    """The states an instance went through, in order; one that it entered twice stands there twice."""
    connection = await asyncpg.connect(database_url)
    try:
        query = """SELECT state_after FROM audit_log WHERE instance_id = $1 AND outcome = 'applied'
                   AND state_before IS DISTINCT FROM state_after ORDER BY sequence"""
        return [row["state_after"] for row in await connection.fetch(query, instance_id)]
    finally:
        await connection.close()
