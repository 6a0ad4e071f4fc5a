"""Puts the table that was made from the audit log in the place of the live one: in one transaction, or not at all."""

import asyncio
from dataclasses import dataclass

import asyncpg

from persistence.putting_back import put_back
from persistence.rebuilding import WRITTEN, Report, fill, take_over_repetitions
from persistence.rebuilt_table import SCHEMA, Connection, home_of, is_there
from persistence.restoring import restore
from schemas.counting import count_of
from schemas.errors import Refused

REPLACED = "reprise_replaced"
PATIENCE = 5.0
"""Seconds that the lock is waited for: whoever comes later waits behind it, so it is given up and tried again."""
TRIES = 5

_MADE = f"{SCHEMA}.instances"
_LOCK_LIVE = "LOCK TABLE {live} IN ACCESS EXCLUSIVE MODE"
_LOCK_LOG = "LOCK TABLE audit_log IN SHARE ROW EXCLUSIVE MODE"

_MOVED = f"""
SELECT a.instance_id FROM (SELECT instance_id, max(sequence) AS sequence FROM audit_log GROUP BY instance_id) a
LEFT JOIN {_MADE} r ON r.id = a.instance_id
WHERE a.sequence IS DISTINCT FROM r.sequence
AND NOT EXISTS (SELECT FROM {SCHEMA}.broken b WHERE b.instance_id = a.instance_id)
"""  # noqa: S608  # names of our own
_FORGET = f"DELETE FROM {_MADE} WHERE id = ANY($1::uuid[])"  # noqa: S608  # as above
_OF_THESE = " WHERE instance_id = ANY($1::uuid[])"

_LEFT_OUT = f"""
SELECT count(*) FROM {SCHEMA}.broken b WHERE NOT EXISTS (SELECT FROM {_MADE} r WHERE r.id = b.instance_id)
"""  # noqa: S608  # as above
_COLUMNS = ", ".join(WRITTEN)
_KEEP = f"""
INSERT INTO {_MADE} ({_COLUMNS}) SELECT {_COLUMNS} FROM {{live}} l
WHERE NOT EXISTS (SELECT FROM {_MADE} r WHERE r.id = l.id)
"""  # noqa: S608  # as above
_DIFFERS = f"""
SELECT r.id FROM {_MADE} r LEFT JOIN {{live}} l USING (id) WHERE to_jsonb(r) IS DISTINCT FROM to_jsonb(l)
"""  # noqa: S608  # as above
_ALL = f"SELECT id FROM {_MADE}"  # noqa: S608  # as above

_DEPENDENTS = """
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
FROM pg_depend d
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass AND (
    d.classid IN ('pg_rewrite'::regclass, 'pg_publication_rel'::regclass, 'pg_policy'::regclass,
        'pg_statistic_ext'::regclass)
    OR (d.classid = 'pg_trigger'::regclass AND NOT (SELECT tgisinternal FROM pg_trigger WHERE oid = d.objid))
    OR (d.classid = 'pg_constraint'::regclass AND (SELECT contype = 'f' FROM pg_constraint WHERE oid = d.objid))
)
"""
_RIGHTS = """
SELECT format('ALTER TABLE %s OWNER TO %I', $1::text, pg_get_userbyid(relowner)) FROM pg_class
WHERE oid = $2::text::regclass
UNION ALL
SELECT format('GRANT %s ON %s TO %s%s', a.privilege_type, $1::text,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $2::text::regclass AND a.grantee <> c.relowner
"""
_RECORD = """
INSERT INTO rebuilds (actor, database_user, reason, instances, differed, kept, left_out, timers, restored)
SELECT $1, session_user, $2, count(*), $3, $4, $5, $6, $7 FROM instances RETURNING instances
"""


@dataclass(frozen=True, slots=True)
class Swapped:
    """What a swap did; the columns of `rebuilds`."""

    instances: int
    differed: int
    kept: int
    left_out: int
    timers: int
    restored: int


async def swap(connection: Connection, actor: str, reason: str, *, leave_out: bool = False) -> Swapped:
    """What `build` made on this connection becomes the table `instances`, with what was decided since.

    Nothing is decided meanwhile: a writer waits for the lock, and then finds the new table. The table as it was is kept
    in the schema `reprise_replaced`. `leave_out`: broken trails without a live row have none afterwards, too.

    Raises Refused, with nothing changed.
    """
    for _ in range(TRIES):
        try:
            async with connection.transaction():
                return await _swap(connection, actor, reason, leave_out)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(PATIENCE)
        except asyncpg.UniqueViolationError as error:
            raise Refused(f"two instances that were not deleted have one name: {error.detail}") from error
    raise Refused("the table is locked by a long transaction; end that first (pg_stat_activity names it)")


async def _swap(connection: Connection, actor: str, reason: str, leave_out: bool) -> Swapped:
    home = await home_of(connection)
    live = f"{home}.instances"
    there = await _locked(connection, live)
    restored = await restore(connection)
    await _catch_up(connection)
    kept, differing = 0, _ALL
    if there:
        await _refuse_dependents(connection, live)
        await take_over_repetitions(connection, live)
        kept, differing = _count(await connection.execute(_KEEP.format(live=live))), _DIFFERS.format(live=live)
    left_out: int = await connection.fetchval(_LEFT_OUT)
    if left_out and not leave_out:
        instances = count_of(left_out, "instance has", "instances have")
        raise Refused(f"{instances} a broken trail and no row to keep; say --leave-out to go on without")
    changed = {row["id"] for row in await connection.fetch(differing)}
    timers = await put_back(connection, changed)
    await _move(connection, home, there)
    counts = (len(changed), kept, left_out, timers, restored)
    return Swapped(await connection.fetchval(_RECORD, actor, reason, *counts), *counts)


async def _locked(connection: Connection, live: str) -> bool:
    """Whether there is a live table. In the order in which a writer locks: the instances, then the audit log."""
    await connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE:g}s'")
    if there := await is_there(connection, live):
        await connection.execute(_LOCK_LIVE.format(live=live))
    await connection.execute(_LOCK_LOG)
    return there


async def _catch_up(connection: Connection) -> None:
    """The trails that went on since they were read, from their first row; in this transaction nothing is added."""
    moved = [row["instance_id"] for row in await connection.fetch(_MOVED)]
    if moved:
        await connection.execute(_FORGET, moved)
        await fill(connection, Report(), lambda _: None, _OF_THESE, moved)


async def _refuse_dependents(connection: Connection, live: str) -> None:
    found = [row[0] for row in await connection.fetch(_DEPENDENTS, live)]
    if found:
        raise Refused(f"these would go on with the old table; drop them first, and make them anew: {', '.join(found)}")


async def _move(connection: Connection, home: str, there: bool) -> None:
    """The live table out, the new one in, with the owner and the rights of the old one, or of the outbox's."""
    model = f"{home}.instances" if there else f"{home}.outbox"
    rights = await connection.fetch(_RIGHTS, f"{home}.instances", model)
    if there:
        await connection.execute(f"DROP SCHEMA IF EXISTS {REPLACED} CASCADE")
        await connection.execute(f"CREATE SCHEMA {REPLACED}")
        await connection.execute(f"ALTER TABLE {home}.instances SET SCHEMA {REPLACED}")
    await connection.execute(f"ALTER TABLE {_MADE} SET SCHEMA {home}")
    for row in rights:
        await connection.execute(row[0])
    await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _count(tag: str) -> int:
    """How many rows a command's tag (`INSERT 0 3`) tells of."""
    return int(tag.split()[-1])
