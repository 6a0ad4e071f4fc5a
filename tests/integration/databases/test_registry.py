"""The registry: servers are added and drained while everything runs, and each says what it holds and how it is."""

from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from databases.servers import SharedServer, register
from schemas.errors import DatabaseRefused, DependencyDown
from tests.integration.databases.bench import Bench
from tests.support.ports import free_port


def _called(server: SharedServer, name: str, capacity: int = 5) -> SharedServer:
    return server.model_copy(update={"id": name, "capacity": capacity})


async def test_each_says_what_it_holds_and_what_is_free(bench: Bench, server: SharedServer) -> None:
    await bench.registry.add(_called(server, "a", 9))
    for _ in range(2):
        await bench.allocate(uuid4())
    gone = uuid4()
    await bench.allocate(gone)
    await bench.service.release(gone)

    a, embedded = await bench.registry.servers()

    assert (a.id, a.capacity, a.used, a.free, a.drained, a.reachable) == ("a", 9, 2, 7, False, True)
    assert (embedded.id, embedded.used, embedded.free) == ("embedded", 0, 3)


async def test_what_cannot_be_reached_says_why_and_holds_nothing_else_up(bench: Bench, server: SharedServer) -> None:
    closed = _called(server, "closed").model_copy(update={"port": free_port()})
    wrong = _called(server, "wrong").model_copy(update={"password": SecretStr("wr0ng-one")})
    await register(bench.engine, bench.vault, [closed, wrong])

    first, embedded, last = await bench.registry.servers()

    assert embedded.reachable
    assert (first.reachable, last.reachable) == (False, False)
    assert "does not answer" in (first.why_not or "")
    assert "password authentication failed" in (last.why_not or "")
    assert "wr0ng-one" not in repr([first, last])


async def test_a_server_that_cannot_be_used_is_not_added(bench: Bench, server: SharedServer) -> None:
    with pytest.raises(DependencyDown, match="database server far"):
        await bench.registry.add(_called(server, "far").model_copy(update={"port": free_port()}))
    with pytest.raises(DatabaseRefused, match="far refuses: password authentication failed"):
        await bench.registry.add(_called(server, "far").model_copy(update={"password": SecretStr("wr0ng-one")}))

    assert [found.id for found in await bench.registry.servers()] == ["embedded"]


async def test_an_account_without_the_rights_is_not_added(bench: Bench, server: SharedServer) -> None:
    async with bench.administration() as connection:
        await connection.execute("CREATE ROLE weak LOGIN PASSWORD 'weak'")
    try:
        weak = _called(server, "weak").model_copy(update={"user": "weak", "password": SecretStr("weak")})
        with pytest.raises(DatabaseRefused, match="On server weak weak may not create databases and roles"):
            await bench.registry.add(weak)
    finally:
        async with bench.administration() as connection:
            await connection.execute("DROP ROLE weak")


async def test_adding_again_changes_it_and_leaves_it_drained(bench: Bench, server: SharedServer) -> None:
    await bench.registry.drain("embedded", drained=True)
    await bench.registry.add(server.model_copy(update={"capacity": 8}))

    [embedded] = await bench.registry.servers()

    assert (embedded.capacity, embedded.drained) == (8, True)


async def test_what_is_not_registered_cannot_be_drained(bench: Bench, instance_id: UUID) -> None:
    with pytest.raises(DatabaseRefused, match="No server for shared databases is called elsewhere"):
        await bench.registry.drain("elsewhere", drained=True)


async def test_where_the_next_database_would_go_is_foreseen(bench: Bench, server: SharedServer) -> None:
    await bench.registry.add(_called(server, "a", 1))
    assert (await bench.registry.foreseen()).server == "embedded"
    await bench.registry.drain("embedded", drained=True)
    assert (await bench.registry.foreseen()).server == "a"
    await bench.allocate(uuid4())

    foreseen = await bench.registry.foreseen()

    assert foreseen.server is None
    assert "full (a: 1 of 1)" in (foreseen.short or "")


async def test_an_administrators_password_is_kept_encrypted(bench: Bench, server: SharedServer) -> None:
    await bench.registry.add(server)

    async with bench.engine.connect() as connection:
        [stored] = (await connection.execute(text("SELECT password FROM database_servers"))).scalars()
    assert server.password.get_secret_value() not in stored
    assert bench.vault.decrypt(stored) == server.password.get_secret_value()
