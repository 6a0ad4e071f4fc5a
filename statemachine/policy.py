"""The limits a decision was made under; recorded with it, so that a replay decides the same after settings changed."""

from dataclasses import asdict, dataclass
from typing import Self
from uuid import UUID

import orjson

from schemas.codes import ErrorCode
from schemas.settings import Settings
from statemachine.instance import Instance


@dataclass(frozen=True, slots=True)
class Policy:
    """Spans of time in seconds. `braked`: the brake was on."""

    database_timeout: float = 300
    deploy_timeout: float = 180
    init_timeout: float = 900
    purge_after: float = 7 * 86_400
    overdue_after: float = 60
    overdue_limit: float = 900
    retry_causes: tuple[ErrorCode, ...] = ()
    retry_attempts: int = 5
    retry_first: float = 60
    retry_limit: float = 3_600
    braked: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The policy of this process."""
        return cls(
            database_timeout=settings.database_timeout,
            deploy_timeout=settings.deploy_timeout,
            init_timeout=settings.init_timeout,
            purge_after=settings.purge_after,
            overdue_after=settings.overdue_after,
            overdue_limit=settings.overdue_limit,
            retry_causes=settings.retry_causes,
            retry_attempts=settings.retry_attempts,
            retry_first=settings.retry_first,
            retry_limit=settings.retry_limit,
        )

    def encode(self) -> bytes:
        """As JSON bytes, the form in which it is recorded."""
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """The inverse of `encode`."""
        values = orjson.loads(raw)
        return cls(**{**values, "retry_causes": tuple(map(ErrorCode, values["retry_causes"]))})

    def overdue_delay(self, count: int) -> float:
        """How long to wait before a command is sent for the (count+1)th time: doubling, up to `overdue_limit`."""
        return min(self.overdue_after * 2.0 ** min(count, 20), self.overdue_limit)

    def retries(self, failed: Instance) -> bool:
        """Whether a failed attempt is tried again by itself; what a person has cancelled is not."""
        often_enough = failed.auto_retries >= self.retry_attempts
        return failed.avertable and failed.error_code in self.retry_causes and not often_enough

    def retry_delay(self, retried: int, event_id: UUID) -> float:
        """How long to wait before the next retry: doubling, up to `retry_limit`, the last half of it at random.

        What fails together is so not tried again together. The chance is the event's id, so a replay waits the same.
        """
        longest = min(self.retry_first * 2.0 ** min(retried, 20), self.retry_limit)
        chance = (event_id.int & 0xFFFF_FFFF) / 2**32
        return round(longest * (1 + chance) / 2, 3)
