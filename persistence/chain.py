"""The audit log's rows and the chain of hashes that makes a changed, missing or moved row evident."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson


class Tip(NamedTuple):
    """The end of an instance's chain: the last row's sequence and hash (32 bytes, b"" where there is no row)."""

    sequence: int
    hash: bytes


START = Tip(0, b"")


class Entry(NamedTuple):
    """One row of the audit log before it is hashed. `event` and `policy` are the exact bytes that are kept."""

    instance_id: UUID
    sequence: int
    customer_id: str
    event_id: UUID
    recorded_at: datetime
    type: str
    actor: str
    reason: str
    attempt: int | None
    step: int | None
    state_before: str
    state_after: str
    outcome: str
    error_code: str | None
    error: str | None
    correlation_id: UUID
    causation_id: UUID | None
    event: bytes
    policy: bytes

    def hashed(self, prev_hash: bytes) -> bytes:
        """SHA-256 (32 bytes) over the hash of the row before and every column of this one."""
        return digest(prev_hash, self.columns())

    def columns(self) -> tuple[Any, ...]:
        """Every column in order, as it is hashed once it is JSON: what an export has, it can be hashed by."""
        return (
            self.instance_id,
            self.sequence,
            self.customer_id,
            self.event_id,
            self.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.type,
            self.actor,
            self.reason,
            self.attempt,
            self.step,
            self.state_before,
            self.state_after,
            self.outcome,
            self.error_code,
            self.error,
            self.correlation_id,
            self.causation_id,
            self.event.decode(),
            self.policy.decode(),
        )


def digest(prev_hash: bytes, columns: Sequence[Any]) -> bytes:
    """The hash of a row whose columns are those of `Entry.columns`, or what they are in JSON."""
    return hashlib.sha256(prev_hash + orjson.dumps(columns, default=str)).digest()
