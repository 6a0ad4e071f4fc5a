"""A dedicated server is asked for, looked at again, and removed through the port."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from schemas.codes import ErrorCode
from schemas.errors import ClusterRefused, DatabaseRefused, NotYet
from tests.integration.databases.bench import Bench


async def test_it_is_waited_for_and_then_stays_the_same(bench: Bench, instance_id: UUID) -> None:
    with pytest.raises(NotYet):
        await bench.allocate(instance_id, "dedicated")
    first = await bench.allocate(instance_id, "dedicated")
    with pytest.raises(NotYet):
        await bench.allocate(instance_id, "dedicated")
    second = await bench.allocate(instance_id, "dedicated")

    assert first == second
    assert first.db_server_id == bench.cluster.names[instance_id] == f"db-{instance_id.hex[:12]}"
    assert (first.host, first.port) == (f"db-{instance_id.hex[:12]}.svc", 5432)


async def test_it_takes_no_place_on_a_shared_server(bench: Bench) -> None:
    for _ in range(5):
        with pytest.raises(NotYet):
            await bench.allocate(uuid4(), "dedicated")

    assert (await bench.allocate(uuid4())).db_server_id == "embedded"


async def test_it_is_removed_and_forgotten(bench: Bench, instance_id: UUID) -> None:
    with pytest.raises(NotYet):
        await bench.allocate(instance_id, "dedicated")
    with pytest.raises(NotYet):
        await bench.service.release(instance_id)
    lines = await bench.service.release(instance_id)

    assert [line.kind for line in lines] == ["StatefulSet"]
    assert bench.cluster.names == {}
    async with bench.engine.connect() as connection:
        assert (await connection.execute(text("SELECT id FROM database_servers"))).scalars().all() == ["embedded"]


async def test_what_the_cluster_refuses_is_told_in_its_words(
    bench: Bench, instance_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> tuple[str, int]:
        raise ClusterRefused(ErrorCode.QUOTA_EXCEEDED, "exceeded quota: storage")

    monkeypatch.setattr(bench.cluster, "ensure", refuse)

    with pytest.raises(DatabaseRefused, match="exceeded quota: storage"):
        await bench.allocate(instance_id, "dedicated")
