"""Parts of HTTP in one process: api, database-service, both, or only health and metrics, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter

from api.app import create_app
from api.probe import probe
from api.server import bind, serve
from api.services import Services
from api.tokens import Role, mint_token
from schemas.errors import BadSettings, DatabaseRefused, NotYet
from schemas.requests import Closed
from schemas.settings import Settings
from tests.integration.api.world import World
from tests.support.ports import free_port
from tests.support.waiting import until

SETTINGS = Settings(jwt_secret="s" * 32)


class Wanted(Closed):
    """A body of the database-service."""

    instance_id: str


def _database_service() -> APIRouter:
    router = APIRouter(prefix="/api/database")

    @router.post("/allocate")
    async def allocate(wanted: Wanted) -> dict[str, str]:
        """Answers by the id: what it is asked for, or one of its errors."""
        if wanted.instance_id == "refused":
            raise DatabaseRefused("this instance has been released; it gets no database any more")
        if wanted.instance_id == "waiting":
            raise NotYet("the server starts", after=2.5)
        return {"database": "d"}

    return router


def _client(app: object, role: Role) -> httpx.AsyncClient:
    token = mint_token(SETTINGS, role, "test", "acme" if role is Role.CUSTOMER else None)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # FastAPI is one
    return httpx.AsyncClient(transport=transport, base_url="http://x", headers={"Authorization": f"Bearer {token}"})


async def test_the_database_service_is_for_role_service_alone() -> None:
    app = create_app(SETTINGS, Services(database_service=_database_service()))
    wanted = {"instance_id": "i"}
    for role, status in ((Role.SERVICE, 200), (Role.ADMIN, 403), (Role.CUSTOMER, 403)):
        async with _client(app, role) as client:
            assert (await client.post("/api/database/allocate", json=wanted)).status_code == status
    async with _client(app, Role.SERVICE) as client:
        assert (await client.get("/api/instances")).status_code == 404
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200


async def test_errors_of_the_database_service_are_problems() -> None:
    app = create_app(SETTINGS, Services(database_service=_database_service()))
    async with _client(app, Role.SERVICE) as client:
        refused = await client.post("/api/database/allocate", json={"instance_id": "refused"})
        waiting = await client.post("/api/database/allocate", json={"instance_id": "waiting"})
        bad = await client.post("/api/database/allocate", json={"instance_id": "i", "drop": True})
    assert (refused.status_code, refused.json()["title"]) == (409, "Conflict")
    assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "3")
    assert (bad.status_code, bad.json()["field"]) == (422, "drop")


async def test_both_parts_share_one_port(world: World, settings: Settings) -> None:
    services = Services(backend=world.backend, database_service=_database_service())
    app = create_app(settings, services)
    assert {"/api/instances", "/api/database/allocate"} <= set(app.openapi()["paths"])


@asynccontextmanager
async def _probed(settings: Settings, services: Services) -> AsyncIterator[str]:
    stopping = asyncio.Event()
    running = asyncio.create_task(probe(settings, services, stopping))
    try:
        yield f"http://127.0.0.1:{settings.metrics_port}"
    finally:
        stopping.set()
        async with asyncio.timeout(30):
            await running


async def test_a_part_without_routes_answers_for_its_health() -> None:
    settings = SETTINGS.model_copy(update={"metrics_port": free_port()})
    token = {"Authorization": f"Bearer {mint_token(settings, Role.SERVICE, 'prometheus')}"}
    async with _probed(settings, Services()) as url, httpx.AsyncClient(base_url=url) as client:

        async def alive() -> bool:
            try:
                return (await client.get("/healthz")).status_code == 200
            except httpx.ConnectError:
                return False

        await until(alive)
        assert (await client.get("/metrics")).status_code == 401
        assert "reprise_events_decided" in (await client.get("/metrics", headers=token)).text
        assert (await client.get("/api/instances", headers=token)).status_code == 404


async def test_no_port_means_no_probe() -> None:
    async with asyncio.timeout(1):
        await probe(Settings(), Services(), asyncio.Event())


def test_a_taken_port_is_a_setting_that_is_wrong() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(BadSettings, match=r"REPRISE_PORT.*in use"):
        bind("127.0.0.1", taken.getsockname()[1])


async def test_a_large_body_is_refused_before_it_is_sent() -> None:
    """A client that waits for the answer gets it after its headers alone, and the connection is closed."""
    listening, stopping = bind("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(create_app(SETTINGS, Services()), listening, stopping))
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
    token = mint_token(SETTINGS, Role.ADMIN, "test")
    writer.write(
        b"POST /api/instances HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n"
        + f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    async with asyncio.timeout(30):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    writer.close()
    stopping.set()
    async with asyncio.timeout(30):
        await serving
