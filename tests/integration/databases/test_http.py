"""The service and its client over real HTTP: every outcome arrives as what it was."""

import logging
from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI, Header
from structlog.testing import capture_logs

from api.problems import add_handlers
from databases.client import DatabaseClient
from databases.routes import router
from databases.servers import SharedServer, register
from schemas.errors import DatabaseRefused, DependencyDown, Forbidden, NotYet
from tests.integration.databases.bench import CUSTOMER, Bench, logged_in, serving
from tests.support.ports import free_port

TOKEN = "of-the-role-service"


def _only_with_the_token(authorization: str = Header(default="")) -> None:
    if authorization != f"Bearer {TOKEN}":
        raise Forbidden("Role customer may not do this; role service may")


@pytest_asyncio.fixture
async def url(bench: Bench) -> AsyncIterator[str]:
    """Where the service is."""
    app = FastAPI()
    add_handlers(app)
    app.include_router(router(bench.service, bench.registry, bench.adoption, Depends(_only_with_the_token)))
    async with serving(app) as url:
        yield url


@pytest_asyncio.fixture
async def client(url: str) -> AsyncIterator[DatabaseClient]:
    """With the right token."""
    async with DatabaseClient(url, lambda: TOKEN) as client:
        yield client


async def test_allocate_empty_and_release(bench: Bench, client: DatabaseClient, instance_id: UUID) -> None:
    bench.note(instance_id)

    allocation = await client.allocate(instance_id, CUSTOMER, "shared")
    async with logged_in(allocation) as session:
        await session.execute("CREATE TABLE half ()")
    await client.empty(instance_id, 1)
    async with logged_in(allocation) as session:
        assert await session.fetchval("SELECT to_regclass('half')") is None
    lines = await client.release(instance_id)

    assert [line.kind for line in lines] == ["Database", "Role"]
    assert await bench.left(instance_id) == set()


async def test_what_is_under_way_says_when_to_ask_again(client: DatabaseClient, instance_id: UUID) -> None:
    with pytest.raises(NotYet, match="ensure") as wait:
        await client.allocate(instance_id, CUSTOMER, "dedicated")

    assert wait.value.after == 2
    assert (await client.allocate(instance_id, CUSTOMER, "dedicated")).port == 5432


async def test_a_refusal_arrives_with_its_sentence(client: DatabaseClient, instance_id: UUID) -> None:
    await client.release(instance_id)

    with pytest.raises(DatabaseRefused, match=r"^The instance's database was released; it gets no other one$"):
        await client.allocate(instance_id, CUSTOMER, "shared")


async def test_what_cannot_be_a_request_is_refused(client: DatabaseClient, instance_id: UUID, url: str) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        body = {"instance_id": "x", "customer_id": CUSTOMER}
        async with session.post(f"{url}/api/database/allocate", json=body) as answer:
            assert answer.status == 422
            assert (await answer.json())["field"] == "instance_id"


async def test_a_server_that_is_down_is_no_refusal(
    bench: Bench, server: SharedServer, client: DatabaseClient, instance_id: UUID
) -> None:
    await register(bench.engine, bench.vault, [server.model_copy(update={"port": free_port()})])

    with pytest.raises(DependencyDown, match="database server embedded does not answer") as down:
        await client.allocate(instance_id, CUSTOMER, "shared")

    assert down.value.retry_after == 1


async def test_a_service_that_is_down_is_named(instance_id: UUID) -> None:
    async with DatabaseClient(f"http://127.0.0.1:{free_port()}", lambda: TOKEN) as client:
        with pytest.raises(DependencyDown, match="database-service does not answer"):
            await client.release(instance_id)


async def test_without_the_role_nothing_is_done(bench: Bench, url: str, instance_id: UUID) -> None:
    async with DatabaseClient(url, lambda: "of-a-customer") as client:
        with pytest.raises(DependencyDown, match="role service may"):
            await client.allocate(instance_id, CUSTOMER, "shared")

    assert await bench.left(instance_id) == set()


async def test_the_password_is_kept_by_nobody_on_the_way(
    bench: Bench, url: str, instance_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.note(instance_id)
    body = {"instance_id": str(instance_id), "customer_id": CUSTOMER, "db_type": "shared"}
    with capture_logs() as logged:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
            session.post(f"{url}/api/database/allocate", json=body) as answer,
        ):
            password = (await answer.json())["password"]
            assert answer.headers["Cache-Control"] == "no-store"

    assert password not in caplog.text + str(logged)
    assert password not in repr(await bench.allocate(instance_id))


async def test_an_answer_that_is_none_is_a_fault_of_the_service_and_shows_nothing(instance_id: UUID) -> None:
    app = FastAPI()

    @app.post("/api/database/allocate")
    def answer() -> dict[str, object]:
        return {"password": "s3cret-pw", "port": "none"}

    async with serving(app) as url, DatabaseClient(url, lambda: TOKEN) as client:
        with pytest.raises(DependencyDown, match="its answer is none") as down:
            await client.allocate(instance_id, CUSTOMER, "shared")

    assert down.value.__suppress_context__
    assert "s3cret-pw" not in str(down.value)
