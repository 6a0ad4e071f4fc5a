"""Readiness: one dependency that hangs costs a bounded time, and the others are still told."""

import asyncio

import pytest

from api import checks
from schemas.errors import DependencyDown


async def _fine() -> None:
    """Answers."""


async def _refused() -> None:
    raise DependencyDown("nats", "connection refused")


async def _hangs() -> None:
    await asyncio.Event().wait()


async def test_each_dependency_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 0.05)
    async with asyncio.timeout(5):
        found = await checks.health({"postgresql": _fine, "nats": _refused, "kubernetes": _hangs})
    assert found.status == "unavailable"
    assert found.checks == {"postgresql": "ok", "nats": "does not answer", "kubernetes": "does not answer"}


async def test_with_nothing_to_ask_all_is_well() -> None:
    assert (await checks.health({})).status == "ok"
