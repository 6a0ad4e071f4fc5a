"""Exports over HTTP: streamed from one snapshot, signed at their end, recorded at their beginning."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.server import bind, serve
from api.services import Services
from bench.trails import fill
from persistence.exports import streaming
from persistence.exports.streaming import Exporter
from persistence.exports.verifying import Report, Sources, verify
from persistence.signing import PublicKeys
from schemas.settings import Settings
from tests.integration.api.conftest import SIGNER
from tests.integration.api.world import World
from tests.support.waiting import until

WHY = {"reason": "the auditor asks"}


async def manifest_of(world: World, answer: httpx.Response) -> dict[str, Any]:
    found = await world.admin.get(f"/api/audit/exports/{answer.headers['x-export-id']}")
    assert found.status_code == 200, found.text
    document: dict[str, Any] = found.json()
    return document


def verified(answer: httpx.Response, manifest: dict[str, Any]) -> Report:
    rows = Sources(io.BytesIO(answer.content), None)
    return verify(rows, manifest, PublicKeys(SIGNER.public), lambda _: None, lambda _: None)


@pytest.mark.parametrize(("encoding", "media_type"), [("jsonl", "application/x-ndjson"), ("csv", "text/csv")])
async def test_an_export_holds_every_row_and_proves_it(world: World, encoding: str, media_type: str) -> None:
    for name in ("one", "two"):
        await world.failed(name)
    answer = await world.admin.get("/api/audit/export", params={**WHY, "format": encoding})
    assert answer.headers["content-type"].startswith(media_type)
    manifest = (await manifest_of(world, answer))["manifest"]
    report = verified(answer, manifest)
    everything = (await world.admin.get("/api/audit", params={"limit": "1000"})).json()["items"]
    assert (report.differences, report.rows, report.instances) == ([], len(everything), 2)
    assert (manifest["rows"], manifest["whole_trails"], manifest["installation"]) == (len(everything), True, "reprise")
    times = sorted(row["recorded_at"] for row in everything)
    assert [manifest["first_recorded_at"][:19], manifest["last_recorded_at"][:19]] == [times[0][:19], times[-1][:19]]


async def test_filters_narrow_an_export_which_still_proves_what_it_has(world: World) -> None:
    identity = await world.failed("one")
    await world.failed("two")
    for query, rows, whole in (
        ({"type": "provision.requested"}, 2, False),
        ({"instance_id": identity}, 7, True),
        ({"q": "INSUFFICIENT cpu", "instance_id": identity}, 2, False),
        ({"customer_id": "other"}, 0, True),
    ):
        answer = await world.admin.get("/api/audit/export", params={**WHY, **query})
        manifest = (await manifest_of(world, answer))["manifest"]
        assert (verified(answer, manifest).differences, manifest["rows"]) == ([], rows), query
        assert (manifest["whole_trails"], manifest["filters"]) == (whole, query)


async def test_who_exported_what_and_why_is_recorded(world: World) -> None:
    await world.failed()
    answer = await world.admin.get("/api/audit/export", params={**WHY, "type": "deploy.failed"})
    [listed] = (await world.admin.get("/api/audit/exports")).json()["items"]
    assert listed["id"] == answer.headers["x-export-id"]
    assert {name: listed[name] for name in ("actor", "reason", "format", "filters", "rows")} == {
        "actor": "api:test-admin",
        "reason": "the auditor asks",
        "format": "jsonl",
        "filters": {"type": "deploy.failed"},
        "rows": 1,
    }
    assert listed["begun_at"] < listed["ended_at"]
    assert (await world.admin.get(f"/api/audit/exports/{uuid4()}")).status_code == 404
    for path in ("/api/audit/exports", f"/api/audit/exports/{listed['id']}", "/api/audit/signing-keys"):
        assert (await world.acme.get(path)).status_code == 403
    keys = (await world.admin.get("/api/audit/signing-keys")).json()
    assert keys == {"public_keys": list(SIGNER.public)}


@pytest.mark.parametrize("table", ["audit_exports", "audit_export_ends"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = now()", "DELETE FROM {}"])
async def test_what_is_recorded_of_exports_is_append_only(world: World, table: str, change: str) -> None:
    await world.admin.get("/api/audit/export", params=WHY)
    column = "begun_at" if table == "audit_exports" else "ended_at"
    async with world.backend.engine.connect() as connection:
        with pytest.raises(Exception, match="append-only"):
            await connection.execute(text(change.format(table, column)))


async def test_an_export_that_breaks_off_has_no_manifest_and_says_so(
    app: FastAPI, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a real connection: what the client sees is that it broke off."""
    await world.failed("one")
    await world.failed("two")
    monkeypatch.setattr(streaming, "BATCH", 5)
    pieces = _tripped(monkeypatch, after=2)
    async with (
        _listening(app) as url,
        httpx.AsyncClient(base_url=url, headers=world.admin.headers, timeout=60) as admin,
        admin.stream("GET", "/api/audit/export", params=WHY) as answer,
    ):
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()
    assert len(pieces) == 2
    [listed] = (await world.admin.get("/api/audit/exports")).json()["items"]
    assert (listed["ended_at"], listed["rows"]) == (None, None)
    assert (await world.admin.get(f"/api/audit/exports/{listed['id']}")).json()["manifest"] is None


@asynccontextmanager
async def _listening(app: FastAPI) -> AsyncIterator[str]:
    stop, listening = asyncio.Event(), bind("127.0.0.1", 0)
    serving = asyncio.create_task(serve(app, listening, stop))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    stop.set()
    await serving


async def test_who_goes_away_in_the_middle_keeps_nothing_busy(app: FastAPI, world: World, settings: Settings) -> None:
    """Neither a connection with its snapshot, nor one of the few exports that are made at once."""
    connection = await asyncpg.connect(settings.database_url)
    await fill(connection, 14_000)

    async def exporting() -> int:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reprise export'"
        return int(await connection.fetchval(query))

    async with (
        _listening(app) as url,
        httpx.AsyncClient(base_url=url, headers=world.admin.headers, timeout=60) as admin,
    ):
        async with admin.stream("GET", "/api/audit/export", params=WHY) as answer:
            assert answer.status_code == 200
            assert await exporting() == 1
        await until(lambda: _none(exporting), 30)
        assert (await admin.get("/api/audit/export", params={**WHY, "type": "deploy.failed"})).status_code == 200
    await connection.close()
    listed = (await world.admin.get("/api/audit/exports")).json()["items"]
    assert [item["rows"] for item in listed] == [0, None]


async def _none(count: Callable[[], Awaitable[int]]) -> bool:
    return await count() == 0


def _tripped(monkeypatch: pytest.MonkeyPatch, after: int) -> list[int]:
    """The making of lines fails after so many batches, as a dependency may."""
    made: list[int] = []
    honest = streaming.Tally.add

    def add(self: streaming.Tally, rows: Any) -> bytes:
        if len(made) == after:
            raise RuntimeError("tripped")
        made.append(1)
        return honest(self, rows)

    monkeypatch.setattr(streaming.Tally, "add", add)
    return made


async def test_without_a_key_nothing_is_exported(app: FastAPI, world: World, settings: Settings) -> None:
    unsigned = Exporter(settings.database_url, world.backend.engine, None, "reprise")
    services: Services = app.state.services
    app.state.services = replace(services, backend=replace(world.backend, exporter=unsigned))
    answer = await world.admin.get("/api/audit/export", params=WHY)
    assert answer.status_code == 400
    assert "REPRISE_AUDIT_SIGNING_KEY" in answer.json()["detail"]


async def test_a_database_that_is_away_is_told_before_the_answer_begins(app: FastAPI, world: World) -> None:
    away = Exporter("postgresql://nobody@127.0.0.1:1/nothing", world.backend.engine, SIGNER, "reprise")
    app.state.services = replace(app.state.services, backend=replace(world.backend, exporter=away))
    answer = await world.admin.get("/api/audit/export", params=WHY)
    assert answer.status_code == 503, answer.text


async def test_only_a_few_exports_are_made_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "AT_ONCE", 0)
    answer = await world.admin.get("/api/audit/export", params=WHY)
    assert answer.status_code == 409
    assert "exports are under way" in answer.json()["detail"]
