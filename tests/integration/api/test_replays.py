"""Replays over HTTP: the plan, what may not be, who may, and how one is begun, stopped and resumed."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from nats.js.api import StreamConfig

from bus.connection import jetstream
from bus.replaying import Resender
from bus.streams import STREAMS
from persistence.replay_steps import step
from tests.integration.api.world import World

TO = "billing.replay"
PATH = "/api/replays"


@pytest_asyncio.fixture(autouse=True)
async def _stream(world: World) -> None:
    """Another system's."""
    await jetstream(world.backend.nats).add_stream(StreamConfig(name="BILLING", subjects=["billing.*"]))


async def plan(world: World, **wanted: Any) -> dict[str, Any]:
    answer = await world.admin.post(PATH, json={"to": TO, **wanted}, params={"dry_run": "true"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def begin(world: World, **more: Any) -> dict[str, Any]:
    planned = await plan(world, **more)
    body = {"to": TO, "reason": "billing is new", "expected": planned["count"], **more, "where": planned["where"]}
    answer = await world.admin.post(PATH, json=body)
    assert answer.status_code == 202, answer.text
    begun: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{begun['id']}"
    return begun


async def test_the_plan_counts_shows_the_oldest_and_sends_nothing(world: World) -> None:
    identity = await world.failed()
    found = await plan(world)
    assert (found["fitting"], found["count"], found["stream"]) == (7, 7, "BILLING")
    assert [each["sequence"] for each in found["sample"]] == [1, 2, 3, 4, 5, 6, 7]
    assert {each["instance_id"] for each in found["sample"]} == {identity}
    assert found["where"]["until"] is not None
    future = await plan(world, where={"until": "2100-01-31T12:00:00Z"})
    assert future["where"]["until"] < "2100", "what is yet to come is not counted"
    capped = await plan(world, max=2, rate="30/m")
    assert (capped["fitting"], capped["count"], len(capped["sample"]), capped["seconds"]) == (7, 2, 2, 2)
    assert "7 fit; 2 are sent, the oldest, for that is the cap." in capped["lines"]
    assert (await jetstream(world.backend.nats).stream_info("BILLING")).state.messages == 0
    assert (await world.admin.get(PATH)).json()["items"] == []


async def test_it_is_narrowed_by_type_time_instance_and_outcome(world: World) -> None:
    identity = await world.failed()
    other = await world.deploying("other")
    assert (await world.acme.post(f"/api/instances/{identity}/stop")).status_code == 400
    rows = (await world.admin.get(f"/api/instances/{identity}/audit")).json()["items"]
    third = rows[2]["recorded_at"]
    for where, count in (
        ({"types": ["deploy.failed"]}, 1),
        ({"types": ["deploy.failed", "deploy.applied"]}, 3),
        ({"instance_id": other}, 5),
        ({"instance_id": identity, "since": third}, 5),
        ({"instance_id": identity, "until": third}, 2),
        ({"instance_id": identity, "outcome": "rejected"}, 1),
        ({"instance_id": identity, "outcome": "any"}, 8),
        ({"instance_id": str(uuid4())}, 0),
    ):
        assert (await plan(world, where=where))["count"] == count, where


async def test_it_is_begun_gone_on_with_stopped_and_resumed_by_name_and_reason(world: World) -> None:
    await world.failed()
    begun = await begin(world, rate="1/s")
    assert (begun["state"], begun["sent"], begun["count"], begun["reason"]) == ("sending", 0, 7, "billing is new")
    assert begun["actor"] == "api:test-admin"
    send = Resender(jetstream(world.backend.nats)).send
    await step(world.backend.engine, UUID(begun["id"]), send, world.backend.writer.clock)
    stopped = (await world.admin.post(f"{PATH}/{begun['id']}/stop")).json()
    assert (stopped["state"], stopped["sent"], stopped["why"]) == ("stopped", 1, "stopped by api:test-admin")
    assert (await world.admin.post(f"{PATH}/{begun['id']}/stop")).status_code == 400
    without = await world.admin.post(f"{PATH}/{begun['id']}/resume", json={"reason": ""})
    assert (without.status_code, without.json()["field"]) == (422, "reason")
    resumed = (await world.admin.post(f"{PATH}/{begun['id']}/resume", json={"reason": "go on"})).json()
    assert (resumed["state"], [each["act"] for each in resumed["acts"]]) == ("sending", ["stopped", "resumed"])
    listed = (await world.admin.get(PATH)).json()["items"]
    assert listed == [resumed]


@pytest.mark.parametrize(
    "subject",
    [
        "instances.11111111-1111-4111-8111-111111111111.deploy.ready",
        "instances",
        "changes.1",
        "dead-letters.lifecycle",
        "checkpoints.taken",
        "reprise.wake.relay",
    ],
)
async def test_into_subjects_of_its_own_nothing_is_replayed(world: World, subject: str) -> None:
    answer = await world.admin.post(PATH, json={"to": subject}, params={"dry_run": "true"})
    assert (answer.status_code, answer.json()["field"]) == (422, "to"), answer.text
    assert "is a subject of Reprise's own" in answer.json()["detail"]


def test_the_subjects_of_every_stream_are_refused() -> None:
    words = {subject.partition(".")[0] for stream in STREAMS for subject in stream.subjects or ()}
    assert words >= {"instances", "changes", "dead-letters"}


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({}, "to", "is missing; send it"),
        ({"to": "billing.*"}, "to", "must be one NATS subject without wildcards, like billing.replay"),
        ({"to": "$JS.API.STREAM.DELETE.BILLING"}, "to", "must be one NATS subject"),
        ({"to": "_INBOX.x"}, "to", "must be one NATS subject"),
        (
            {"to": "nobody.listens"},
            "to",
            "no stream stores nobody.listens, so the events would be lost",
        ),
        ({"to": TO, "rate": "501/s"}, "rate", "must be a rate of at most 500/s"),
        ({"to": TO, "max": 0}, "max", "must be at least 1"),
        ({"to": TO, "where": {"types": ["deploy.well"]}}, "where.types.0", "must be one of"),
        ({"to": TO, "where": {"since": "20260131"}}, "where.since", "is no time; write it like"),
        ({"to": TO, "where": {"kind": "x"}}, "where.kind", "is not known here"),
        ({"to": TO, "expected": 1}, "reason", "is missing; ask with dry_run=true first"),
        ({"to": TO, "reason": "why"}, "expected", "is missing; ask with dry_run=true first"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(world: World, body: dict[str, Any], field: str, sentence: str) -> None:
    answer = await world.admin.post(PATH, json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert sentence in answer.json()["detail"]


async def test_another_count_than_was_seen_sends_nothing(world: World) -> None:
    await world.failed()
    answer = await world.admin.post(PATH, json={"to": TO, "expected": 3, "reason": "why"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "The count is 7 now, not 3; look at the plan again")
    assert (await world.admin.get(PATH)).json()["items"] == []


async def test_it_is_for_admins_alone(world: World) -> None:
    identity = uuid4()
    for client in (world.acme, world.service):
        for method, path, body in (
            ("POST", "", {"to": TO}),
            ("GET", "", None),
            ("GET", f"/{identity}", None),
            ("POST", f"/{identity}/stop", None),
            ("POST", f"/{identity}/resume", {"reason": "why"}),
        ):
            assert (await client.request(method, f"{PATH}{path}", json=body)).status_code == 403, path
    answer = await world.admin.get(f"{PATH}/{identity}")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Replay not found; GET /api/replays lists the latest")
