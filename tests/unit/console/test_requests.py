"""How often a page asks the API: as often for fifty rows as for one, since it would be slow otherwise."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import pytest_asyncio
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
KEY = fernet_key()
ASKED = {
    "/": 6,
    "/parts": 3,
    "/instances": 2,
    "/instances?view=cards": 2,
    "/audit": 3,
    "/dead-letters": 1,
    "/retries": 1,
}
"""At most; more is to be thought about, and raised here."""


class Answers(Upstream):
    """An API with so many rows of everything, which counts what it is asked."""

    rows = 1

    def __init__(self, url: str) -> None:
        self.asked = Counter[str]()

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
        self.asked[path] += 1
        if path == "/metrics":
            return b"reprise_dead_letters 0.0\n"
        return orjson.dumps(self._documents()[path])

    def _documents(self) -> Mapping[str, Any]:
        return {
            "/api/overview": Overview(instances={"error": self.rows}).model_dump(mode="json"),
            "/api/instances": {"items": [_instance() for _ in range(self.rows)], "next_cursor": None},
            "/api/audit": {"items": [_row() for _ in range(self.rows)], "next_cursor": None},
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


@pytest_asyncio.fixture
async def pages(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """An operator's browser."""
    monkeypatch.setattr(app, "Upstream", Answers)
    _, cookie = Sessions(KEY).begin("token", "alice", "admin", None)
    async with app.console(Settings(console_key=SecretStr(KEY))) as served:
        transport = httpx.ASGITransport(served)
        async with httpx.AsyncClient(transport=transport, base_url="http://console", cookies={COOKIE: cookie}) as found:
            yield found


async def asked(pages: httpx.AsyncClient, path: str) -> Counter[str]:
    """What the API is asked for a page."""
    transport = pages._transport
    assert isinstance(transport, httpx.ASGITransport)
    upstream: Answers = transport.app.state.console.upstream  # type: ignore[attr-defined]  # the console's own
    upstream.asked.clear()
    answer = await pages.get(path)
    assert answer.status_code == 200, answer.text
    return Counter(upstream.asked)


@pytest.mark.parametrize("path", ASKED)
async def test_a_page_asks_no_more_for_many_rows_than_for_one(
    path: str, pages: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await asked(pages, path)
    monkeypatch.setattr(Answers, "rows", 50)
    many = await asked(pages, path)
    assert many == one
    assert many.total() <= ASKED[path]
