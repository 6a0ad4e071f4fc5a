"""The SQL of the one writer: a handful of statements for a batch, whatever its size."""

from persistence.rows import COLUMNS, JSON_COLUMNS, SELECT

_TIPS = {"sequence": "int", "chain": "bytea"}
_WRITTEN = {**COLUMNS, **_TIPS}
_IMMUTABLE = {"id", "customer_id", "name", "created_at"}


def _unnest(types: list[str]) -> str:
    return ", ".join(f"${position}::{kind}[]" for position, kind in enumerate(types, start=1))


def _value(name: str) -> str:
    return f"v.{name}::jsonb" if name in JSON_COLUMNS else f"v.{name}"


LOCK_INSTANCES = f"""
SELECT {SELECT}, sequence, chain FROM instances WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""  # noqa: S608  # column names of our own

KNOWN_EVENTS = "SELECT event_id FROM event_ids WHERE event_id = ANY($1::uuid[])"

TAKEN_NAMES = """
SELECT i.customer_id, i.name FROM instances i
JOIN unnest($1::text[], $2::text[]) AS v(customer_id, name) USING (customer_id, name)
WHERE i.state <> 'deleted'
"""

INSERT_INSTANCES = f"""
INSERT INTO instances ({", ".join(_WRITTEN)})
SELECT {", ".join(_value(name) for name in _WRITTEN)}
FROM unnest({_unnest(list(_WRITTEN.values()))}) AS v({", ".join(_WRITTEN)})
"""  # noqa: S608  # column names of our own

UPDATE_INSTANCES = f"""
UPDATE instances SET {", ".join(f"{name} = {_value(name)}" for name in _WRITTEN if name not in _IMMUTABLE)}
FROM unnest({_unnest(list(_WRITTEN.values()))}) AS v({", ".join(_WRITTEN)})
WHERE instances.id = v.id
"""  # noqa: S608  # column names of our own

ENTRY_COLUMNS = {
    "instance_id": "uuid",
    "sequence": "int",
    "customer_id": "text",
    "event_id": "uuid",
    "recorded_at": "timestamptz",
    "type": "text",
    "actor": "text",
    "reason": "text",
    "attempt": "int",
    "step": "int",
    "state_before": "text",
    "state_after": "text",
    "outcome": "text",
    "error_code": "text",
    "error": "text",
    "correlation_id": "uuid",
    "causation_id": "uuid",
    "event": "bytea",
    "policy": "bytea",
    "prev_hash": "bytea",
    "hash": "bytea",
}
INSERT_ENTRIES = f"""
WITH ids AS (
    INSERT INTO event_ids (event_id, instance_id, sequence)
    SELECT * FROM unnest($4::uuid[], $1::uuid[], $2::int[])
)
INSERT INTO audit_log ({", ".join(ENTRY_COLUMNS)}) SELECT * FROM unnest({_unnest(list(ENTRY_COLUMNS.values()))})
"""  # noqa: S608  # column names of our own

DROP_DECIDED_TIMERS = """
DELETE FROM outbox WHERE timer AND instance_id = ANY($1::uuid[]) AND event_id = ANY($2::uuid[])
"""

DROP_TIMERS = "DELETE FROM outbox WHERE timer AND instance_id = ANY($1::uuid[])"

OUTBOX_COLUMNS = {
    "instance_id": "uuid",
    "event_id": "uuid",
    "subject": "text",
    "body": "bytea",
    "timer": "bool",
    "available_at": "timestamptz",
}
INSERT_OUTBOX = f"""
INSERT INTO outbox ({", ".join(OUTBOX_COLUMNS)})
SELECT instance_id, event_id, subject, body, timer, coalesce(available_at, now())
FROM unnest({_unnest(list(OUTBOX_COLUMNS.values()))}) AS v({", ".join(OUTBOX_COLUMNS)})
"""  # noqa: S608  # column names of our own
