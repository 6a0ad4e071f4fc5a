"""The chain of hashes: no column of a row can be changed, and no row moved, without it showing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from persistence.chain import Entry
from persistence.tables import audit_log

ENTRY = Entry(
    instance_id=UUID(int=1),
    sequence=2,
    customer_id="acme",
    event_id=UUID(int=3),
    recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    type="retry.requested",
    actor="cli:alice",
    reason="why not",
    attempt=1,
    step=4,
    state_before="error",
    state_after="pending",
    outcome="applied",
    error_code="timeout",
    error="too late",
    correlation_id=UUID(int=5),
    causation_id=UUID(int=6),
    event=b"{}",
    policy=b"{}",
)


def other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, UUID):
        return UUID(int=99)
    return value + {int: 1, str: "x", bytes: b" ", datetime: timedelta(microseconds=1)}[type(value)]


def test_every_column_of_the_audit_log_is_hashed() -> None:
    assert set(Entry._fields) | {"prev_hash", "hash"} == set(audit_log.c.keys())


@pytest.mark.parametrize("name", Entry._fields)
def test_a_change_of_any_column_changes_the_hash(name: str) -> None:
    changed = ENTRY._replace(**{name: other(getattr(ENTRY, name))})
    assert changed.hashed(b"before") != ENTRY.hashed(b"before")


def test_another_row_before_it_changes_the_hash() -> None:
    assert ENTRY.hashed(b"before") != ENTRY.hashed(b"other")
