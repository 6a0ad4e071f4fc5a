"""An API for pages that are looked at alone, without anything behind it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from pydantic import SecretStr

from api.presenter import instance_view
from console import app
from console.asking import COOKIE
from console.sessions import Sessions
from console.upstream import Document, Upstream
from embedded.state import fernet_key
from schemas.audit_stats import AuditStats, Sample, TimeToRunning
from schemas.settings import Settings
from schemas.views import AuditRow, Overview
from statemachine.policy import Policy
from statemachine.states import State
from tests.unit.cluster.objects import instance

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@asynccontextmanager
async def browsing(answers: "Answers") -> AsyncIterator[httpx.AsyncClient]:
    """An operator's browser, which sees the pages of that API."""
    key = fernet_key()
    _, cookie = Sessions(key).begin("token", "alice", "admin", None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Upstream", lambda url: answers)
        async with app.console(Settings(console_key=SecretStr(key))) as served:
            to = {"transport": httpx.ASGITransport(served), "base_url": "http://console"}
            async with httpx.AsyncClient(**to, cookies={COOKIE: cookie}) as found:
                yield found


class Answers(Upstream):
    """Has `rows` of everything, and perhaps more behind them; knows what it was asked."""

    def __init__(self, rows: int = 1, more: str | None = None) -> None:
        self.rows, self.more = rows, more
        self.asked: list[tuple[str, Document]] = []

    async def close(self) -> None:
        """Nothing is open."""

    async def _asked(
        self,
        token: str,
        method: str,
        path: str,
        query: Document | None = None,
        body: Document | None = None,
        key: str | None = None,
    ) -> bytes:
        self.asked.append((path, query or {}))
        if path == "/metrics":
            return b"reprise_dead_letters 0.0\n"
        return orjson.dumps(self._documents()[path])

    def _documents(self) -> Mapping[str, Any]:
        return {
            "/api/overview": Overview(instances={"error": self.rows}).model_dump(mode="json"),
            "/api/instances": {"items": [_instance() for _ in range(self.rows)], "next_cursor": self.more},
            "/api/audit": {"items": [_row() for _ in range(self.rows)], "next_cursor": self.more},
            "/api/audit/stats": _STATS.model_dump(mode="json"),
            "/api/capacity": {"fits": True, "short": None, "nodes": [], "hint": ""},
            "/api/brake": {"engaged": False, "since": None, "why": None},
            "/api/parts": {"parts": []},
            "/readyz": {"status": "ok", "checks": {}},
            "/api/dead-letters": {"groups": [], "items": [], "total": 0},
            "/api/audit/checkpoints": {"checkpoint": None},
            "/api/audit/verifications": {"items": [], "may": True},
            "/api/retries": {"items": []},
        }


_STATS = AuditStats(
    since=NOW,
    until=NOW,
    customer_id=None,
    failures=[],
    times=[],
    time_to_running=TimeToRunning(attempts=0, p50=None, p95=None, p99=None),
    sample=Sample(changes=0, first=None, last=None, complete=True),
    retries=[],
    not_yet=0,
    never=0,
)


def _instance() -> Document:
    row = instance()
    row.state, row.state_since = State.ERROR, NOW
    return instance_view(row, Policy()).model_dump(mode="json")


def _row() -> Document:
    names: dict[str, Any] = dict.fromkeys(AuditRow.model_fields)
    ids = {name: uuid4() for name in ("instance_id", "event_id", "correlation_id")}
    words = dict.fromkeys(("customer_id", "actor", "reason", "type", "state_before", "state_after"), "running")
    given = {**names, **ids, **words, "sequence": 1, "recorded_at": NOW, "outcome": "applied", "data": {}}
    return AuditRow.model_construct(**given).model_dump(mode="json")
