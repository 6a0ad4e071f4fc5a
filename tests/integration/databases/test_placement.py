"""A new database goes where there is most room; a drained or full server gets none."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from databases.servers import SharedServer, register
from schemas.errors import DatabaseRefused, RepriseError
from tests.integration.databases.bench import Bench
from tests.support.failures import rows


async def test_the_server_with_most_free_places_is_chosen(bench: Bench, server: SharedServer) -> None:
    await bench.registry.drain("embedded", drained=True)
    await register(bench.engine, bench.vault, [_called(server, "a", 2), _called(server, "b", 4)])

    chosen = [(await bench.allocate(uuid4())).db_server_id for _ in range(6)]

    assert sorted(chosen) == ["a", "a", "b", "b", "b", "b"]
    assert chosen[:2] == ["b", "b"]


async def test_a_drained_server_is_not_chosen_but_keeps_what_it_has(
    bench: Bench, server: SharedServer, instance_id: UUID
) -> None:
    await bench.registry.drain("embedded", drained=True)
    await register(bench.engine, bench.vault, [_called(server, "a", 9)])
    first = await bench.allocate(instance_id)
    await bench.registry.drain("a", drained=True)
    await bench.registry.add(_called(server, "b", 1))

    assert (await bench.allocate(uuid4())).db_server_id == "b"
    assert await bench.allocate(instance_id) == first


async def test_a_drain_outlives_the_start_of_every_process(bench: Bench, server: SharedServer) -> None:
    await bench.registry.drain("embedded", drained=True)
    await register(bench.engine, bench.vault, [server, _called(server, "a", 1)])

    assert (await bench.allocate(uuid4())).db_server_id == "a"
    with pytest.raises(DatabaseRefused) as caught:
        await bench.allocate(uuid4())
    assert rows()["full database servers"].said_by(f"No database could be allocated: {caught.value}")
    await bench.registry.drain("embedded", drained=False)
    assert (await bench.allocate(uuid4())).db_server_id == "embedded"


async def test_where_none_takes_databases_that_is_said(bench: Bench) -> None:
    await bench.registry.drain("embedded", drained=True)

    with pytest.raises(DatabaseRefused, match="No server for shared databases"):
        await bench.allocate(uuid4())


async def test_twenty_at_once_do_not_overfill(bench: Bench) -> None:
    outcomes = await asyncio.gather(*(bench.allocate(uuid4()) for _ in range(20)), return_exceptions=True)

    refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(refusals) == 17
    assert all(isinstance(refusal, DatabaseRefused) and "embedded: 3 of 3" in str(refusal) for refusal in refusals)


async def test_a_refused_instance_gets_a_place_when_there_is_one(bench: Bench, instance_id: UUID) -> None:
    taken = [uuid4() for _ in range(3)]
    for other in taken:
        await bench.allocate(other)
    with pytest.raises(DatabaseRefused, match="full"):
        await bench.allocate(instance_id)

    await bench.service.release(taken[0])

    assert (await bench.allocate(instance_id)).db_server_id == "embedded"


async def test_a_release_that_could_not_be_finished_keeps_its_place(bench: Bench, server: SharedServer) -> None:
    one = server.model_copy(update={"capacity": 1})
    await register(bench.engine, bench.vault, [one])
    first = uuid4()
    await bench.allocate(first)
    await register(bench.engine, bench.vault, [one.model_copy(update={"port": 1})])
    with pytest.raises(RepriseError):
        await bench.service.release(first)
    await register(bench.engine, bench.vault, [one])

    with pytest.raises(DatabaseRefused, match="full"):
        await bench.allocate(uuid4())
    await bench.service.release(first)
    assert (await bench.allocate(uuid4())).db_server_id == "embedded"


async def test_registering_again_takes_changes_over(bench: Bench, server: SharedServer) -> None:
    changed = server.model_copy(update={"host": "localhost", "capacity": 7})

    await asyncio.gather(*(register(bench.engine, bench.vault, [changed]) for _ in range(5)))

    async with bench.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT id, host, capacity FROM database_servers"))).all()
    assert [tuple(row) for row in rows] == [("embedded", "localhost", 7)]


def _called(server: SharedServer, name: str, capacity: int) -> SharedServer:
    return server.model_copy(update={"id": name, "capacity": capacity})
