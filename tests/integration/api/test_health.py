"""Health, readiness and metrics: what is down is named, and what can be told is still told."""

import httpx
import pytest
from fastapi import FastAPI

from api import checks
from api.app import create_app
from api.gauges import of_bus, of_database
from api.services import Services
from bus.connection import jetstream
from bus.relay import Relay
from bus.streams import DEAD_LETTERS_STREAM
from consumers.checkpointing import take
from persistence.checkpoints.taking import Taker
from persistence.engine import make_engine
from schemas.errors import BadSettings, DependencyDown
from schemas.settings import Settings
from schemas.types import EventType
from tests.integration.api.conftest import SIGNER, FakeCluster
from tests.integration.api.world import World


def _client(app: FastAPI, world: World) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reprise", headers=world.service.headers
    )


async def test_a_process_that_can_work_is_ready(world: World) -> None:
    assert (await world.nobody.get("/healthz")).json() == {"status": "ok", "checks": {}}
    ready = await world.nobody.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "checks": {"postgresql": "ok", "nats": "ok"}}


async def test_the_dependency_that_is_down_is_named(world: World, settings: Settings) -> None:
    unreachable = make_engine("postgresql://reprise:hidden@127.0.0.1:1/reprise")

    async def kubernetes() -> None:
        raise DependencyDown("kubernetes", "connection refused")

    found = {
        "postgresql": checks.postgresql(unreachable),
        "nats": checks.nats(world.backend.nats),
        "kubernetes": kubernetes,
    }
    await world.backend.nats.close()
    async with _client(create_app(settings, Services(checks=found)), world) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"status": "unavailable", "checks": dict.fromkeys(found, "does not answer")}
    assert "hidden" not in ready.text
    await unreachable.dispose()


async def test_a_process_can_work_without_what_it_does_not_need(world: World, settings: Settings) -> None:
    """A wish is taken while NATS is away: it waits in the outbox."""
    found = {"postgresql": checks.postgresql(world.backend.engine), "nats": checks.nats(world.backend.nats)}
    await world.backend.nats.close()
    services = Services(checks=found, needed=frozenset({"postgresql"}))
    async with _client(create_app(settings, services), world) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "degraded", "checks": {"postgresql": "ok", "nats": "does not answer"}}


async def test_metrics_count_what_was_decided(world: World) -> None:
    identity = await world.failed()
    await world.acme.post(f"/api/instances/{identity}/retry")
    await world.acme.post(f"/api/instances/{identity}/retry")
    text = (await world.service.get("/metrics")).text
    applied = 'outcome="applied",state_after="pending",state_before="error",type="retry.requested"'
    rejected = 'outcome="rejected",state_after="pending",state_before="pending",type="retry.requested"'
    assert _value(text, "reprise_events_decided_total", applied) == 1
    assert _value(text, "reprise_events_decided_total", rejected) == 1
    assert _value(text, "reprise_failures_total", 'error_code="insufficient_resources"') == 1
    assert _value(text, "reprise_state_seconds_count", 'state="error"') == 1
    assert _value(text, "reprise_instances", 'state="pending"') == 1
    assert _value(text, "reprise_outbox_rows") > 0
    assert _value(text, "reprise_outbox_oldest_seconds") > 0
    assert _value(text, "reprise_consumer_pending", 'consumer="lifecycle"') == 0
    assert _value(text, "reprise_dead_letters") == 0


async def test_metrics_see_consumers_and_dead_letters(world: World) -> None:
    js = jetstream(world.backend.nats)
    await js.publish(f"instances.{(await world.create())['id']}.{EventType.STOP_REQUESTED}", b"{}")
    await js.publish("dead-letters.lifecycle", b"{}", stream=DEAD_LETTERS_STREAM)
    text = (await world.service.get("/metrics")).text
    assert _value(text, "reprise_consumer_pending", 'consumer="lifecycle"') == 1
    assert _value(text, "reprise_dead_letters") == 1


async def test_metrics_tell_how_old_the_last_checkpoint_is(world: World, settings: Settings) -> None:
    assert "reprise_checkpoint_age_seconds{" not in (await world.service.get("/metrics")).text
    taker = Taker(settings.database_url, SIGNER, "reprise")
    await take(settings, taker, jetstream(world.backend.nats))
    text = (await world.service.get("/metrics")).text
    assert 0 <= _value(text, "reprise_checkpoint_age_seconds", 'place="stream"') < 60


async def test_metrics_tell_how_far_the_relay_is_behind(world: World, app: FastAPI) -> None:
    await world.create()
    metrics = app.state.services.metrics
    relay = Relay(world.backend.engine, world.backend.nats, b"e" * 32, metrics.on_relayed)
    moved = await relay.move()
    text = (await world.service.get("/metrics")).text
    assert _value(text, "reprise_relayed_total") == moved > 0
    assert _value(text, "reprise_relay_lag_seconds_count") == 1
    assert _value(text, "reprise_relay_lag_seconds_sum") > 0
    assert _value(text, "reprise_outbox_rows") == 0


async def test_what_is_down_costs_its_own_metrics_alone(world: World, settings: Settings) -> None:
    unreachable = make_engine("postgresql://reprise:hidden@127.0.0.1:1/reprise")
    sources = (of_database(unreachable), of_bus(jetstream(world.backend.nats)))
    async with _client(create_app(settings, Services(sources=sources)), world) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert _value(answer.text, "reprise_dependency_up", 'dependency="postgresql"') == 0
    assert _value(answer.text, "reprise_dead_letters") == 0
    assert "reprise_outbox_rows" not in answer.text
    await unreachable.dispose()


async def test_a_process_without_backend_serves_health_and_no_instances(world: World, settings: Settings) -> None:
    async with _client(create_app(settings, Services()), world) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/api/instances")).status_code == 404


def test_without_keys_there_is_no_application() -> None:
    with pytest.raises(BadSettings, match="REPRISE_JWT_SECRET"):
        create_app(Settings(), Services())
    with pytest.raises(BadSettings, match="too short"):
        create_app(Settings(jwt_secret="short"), Services())


async def test_capacity_is_a_hint_and_the_nodes_are_for_admins(world: World, cluster: FakeCluster) -> None:
    cluster.answer = cluster.answer.model_copy(
        update={"fits": False, "short": "node node-1 has 3 cores free of the 8 needed"}
    )
    for_admin = (await world.admin.get("/api/capacity", params={"cpu": "8", "memory": "1Gi"})).json()
    for_customer = (await world.acme.get("/api/capacity", params={"cpu": "8"})).json()
    assert (for_admin["fits"], for_admin["nodes"][0]["name"]) == (False, "node-1")
    assert (for_customer["fits"], for_customer["nodes"]) == (False, [])
    assert "node-1" not in for_customer["short"]


async def test_capacity_is_asked_for_an_instance_of_a_profile(world: World, cluster: FakeCluster) -> None:
    query = {"profile": "large", "db_type": "dedicated", "memory": "3Gi"}
    assert (await world.acme.get("/api/capacity", params=query)).status_code == 200
    assert cluster.asked is not None
    asked = cluster.asked.request
    assert (asked.cpu, asked.memory, asked.profile, asked.db_type) == ("2", "3Gi", "large", "dedicated")
    refused = await world.acme.get("/api/capacity", params={"profile": "huge"})
    assert (refused.status_code, refused.json()["field"]) == (422, "profile")


async def test_a_cluster_that_is_down_is_a_503_that_says_when_to_come_back(world: World, cluster: FakeCluster) -> None:
    cluster.down = True
    answer = await world.acme.get("/api/capacity")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert "kubernetes does not answer" in answer.json()["detail"]


async def test_a_database_that_is_down_is_a_503(world: World) -> None:
    unreachable = make_engine("postgresql://reprise:hidden@127.0.0.1:1/reprise")
    object.__setattr__(world.backend, "engine", unreachable)
    answer = await world.acme.get("/api/instances")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "postgresql does not answer" in answer.json()["detail"]
    assert "hidden" not in answer.text
    await unreachable.dispose()


async def test_a_fault_of_ours_is_a_500_with_an_id_and_no_details(
    world: World, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(cpu: str, memory: str) -> None:
        raise ValueError("the inside story")

    monkeypatch.setattr(cluster, "capacity", broken)
    answer = await world.acme.get("/api/capacity", headers={"X-Request-Id": "mine-7"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "mine-7"
    assert "mine-7" in answer.json()["detail"]
    assert "inside story" not in answer.text


def _value(text: str, name: str, labels: str = "") -> float:
    start = f"{name}{{{labels}}} " if labels else f"{name} "
    found = [line for line in text.splitlines() if line.startswith(start)]
    assert found, f"no {start} in:\n{text}"
    return float(found[0].rsplit(" ", 1)[1])
