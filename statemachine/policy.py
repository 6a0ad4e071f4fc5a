"""The limits a decision was made under; recorded with it, so that a replay decides the same after settings changed."""

from dataclasses import asdict, dataclass
from typing import Self

import orjson

from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """Spans of time in seconds."""

    database_timeout: float = 300
    deploy_timeout: float = 180
    init_timeout: float = 900
    purge_after: float = 7 * 86_400
    overdue_after: float = 60
    overdue_limit: float = 900

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
        )

    def encode(self) -> bytes:
        """As JSON bytes, the form in which it is recorded."""
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """The inverse of `encode`."""
        return cls(**orjson.loads(raw))

    def overdue_delay(self, count: int) -> float:
        """How long to wait before a command is sent for the (count+1)th time: doubling, up to `overdue_limit`."""
        return min(self.overdue_after * 2.0 ** min(count, 20), self.overdue_limit)
