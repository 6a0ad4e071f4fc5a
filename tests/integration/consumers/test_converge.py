"""Converging: for every state, what the cluster and the database are driven to, and what is said then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from cluster.kinds import CLAIM, DEPLOYMENT, Kind
from cluster.names import STEP, attempt_name
from cluster.outages import Outages
from cluster.sight import Sight
from consumers.converge.converger import Converger
from persistence import brake
from schemas.codes import ErrorCode
from schemas.errors import DatabaseRefused, DependencyDown, NotYet
from schemas.payloads import DeleteRequested, Lost, Receipt
from schemas.types import EventType
from statemachine.states import State
from tests.integration.consumers.world import NO_ROOM, Databases, World
from tests.support.waiting import until

QUOTA = Kind("ResourceQuota", "v1", "resourcequotas")


async def test_deploying_is_applied_and_its_deadline_begins(world: World) -> None:
    await world.deploying()
    await world.converge()
    assert world.facts == [EventType.DEPLOY_APPLIED]
    assert (await world.look()).complete
    assert (await world.row()).deadline_at is not None


async def test_the_same_command_again_says_nothing_new(world: World) -> None:
    await world.deploying(**NO_ROOM)
    await world.converge()
    before = await world.outcomes()
    await world.converge()
    assert await world.outcomes() == before


async def test_a_profile_that_is_gone_has_failed(world: World) -> None:
    await world.deploying(profile="gone")
    await world.converger.converge(world.id)
    row = await world.row()
    assert (row.state, row.error_code) == (State.CLEANING_UP, ErrorCode.CLUSTER_REFUSED)
    assert "there is no profile 'gone'" in str(row.error_message)


async def test_what_the_cluster_refuses_has_failed_in_its_words(world: World) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"persistentvolumeclaims": "0"}}}
    await world.cluster.apply(QUOTA, quota)
    await world.deploying()

    async def refused() -> bool:
        """The quota counts from a moment after it was made."""
        await world.converge()
        return await world.state() is State.CLEANING_UP

    await until(refused)
    row = await world.row()
    assert row.error_code is ErrorCode.QUOTA_EXCEEDED
    assert "exceeded quota: none" in str(row.error_message)


async def test_a_refused_database_has_failed_with_its_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(*_: object) -> None:
        raise DatabaseRefused("the server is full")

    await world.deploying()
    monkeypatch.setattr(Databases, "allocate", refuses)
    await world.converger.converge(world.id)
    row = await world.row()
    assert row.state is State.CLEANING_UP
    assert (row.error_code, row.error_message) == (ErrorCode.DATABASE_UNAVAILABLE, "the server is full")


async def test_a_missing_volume_is_told_and_nothing_is_made(world: World) -> None:
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    claim = await world.cluster.get(CLAIM, attempt_name(await world.row()))
    assert claim is not None
    await world.cluster.delete(CLAIM, claim)
    await world.wish(EventType.START_REQUESTED)
    await world.converge()
    row = await world.row()
    assert (row.state, row.cause_code) == (State.DEGRADED, ErrorCode.DATA_MISSING)


async def test_clean_up_ends_in_error_with_a_receipt(world: World) -> None:
    await world.deploying(**NO_ROOM)
    await world.converge()
    await world.timed_out()
    await world.converge()
    assert await world.state() is State.ERROR
    assert await world.look() == Sight()
    receipt = world.publisher.published[-1].data
    assert isinstance(receipt, Receipt)
    told = [(line.kind, line.action) for line in receipt.objects]
    assert told == [
        ("Deployment", "deleted"),
        ("PersistentVolumeClaim", "deleted"),
        ("Service", "deleted"),
        ("Secret", "deleted"),
        ("Database", "kept"),
    ]
    assert world.databases.emptied == []


async def test_clean_up_of_nothing_at_all_ends_too(world: World) -> None:
    await world.deploying()
    await world.wish(EventType.CANCEL_REQUESTED)
    await world.converge()
    assert await world.state() is State.ERROR


async def test_a_database_that_may_be_half_initialised_is_emptied_once_no_pod_is_left(world: World) -> None:
    await world.initializing(image="crash:1")
    await world.timed_out(EventType.INIT_TIMEOUT)
    await world.converge()
    assert await world.state() is State.ERROR
    assert world.databases.emptied == [(world.id, 1)]
    receipt = world.publisher.published[-1].data
    assert isinstance(receipt, Receipt)
    assert ("Database", "emptied") in [(line.kind, line.action) for line in receipt.objects]


async def test_a_pod_that_nobody_saw_start_has_its_database_emptied_too(world: World) -> None:
    await world.deploying(image="crash:1")
    await world.converge()
    await world.seen_on_a_node()
    await world.wish(EventType.CANCEL_REQUESTED)
    await world.converge()
    assert await world.state() is State.ERROR
    assert world.databases.emptied == [(world.id, 1)]


async def test_what_turned_ready_meanwhile_is_kept(world: World) -> None:
    await world.deploying()
    await world.converge()
    await world.seen_ready()
    await world.timed_out()
    await world.converge()
    assert await world.state() is State.RUNNING
    assert world.facts[-1] is EventType.CLEANUP_AVERTED
    assert (await world.look()).complete


async def test_what_timed_out_during_an_outage_is_given_time_to_turn_ready(world: World) -> None:
    await world.initializing(image="start-2s:1")
    world.parts = replace(world.parts, grace=60.0)
    world.converger = Converger(world.parts, world.publisher)
    await world.timed_out(EventType.INIT_TIMEOUT)
    world.cluster._connection.outages = Outages(datetime.now(UTC) - timedelta(minutes=20))
    world.cluster.outages.failed()
    with pytest.raises(NotYet, match="during an outage"):
        await world.converger.converge(world.id)
    assert (await world.look()).complete
    await world.seen_ready()
    await world.converge()
    assert await world.state() is State.RUNNING
    assert world.facts[-1] is EventType.CLEANUP_AVERTED


async def test_what_a_person_cancelled_is_not_kept(world: World) -> None:
    await world.deploying()
    await world.converge()
    await world.seen_ready()
    await world.wish(EventType.CANCEL_REQUESTED)
    await world.converge()
    assert await world.state() is State.ERROR
    assert await world.look() == Sight()


async def test_a_pod_that_found_a_node_after_all_goes_on(world: World) -> None:
    await world.deploying(image="crash:1")
    await world.converge()
    await world.seen_on_a_node()
    world.parts = replace(world.parts, grace=60.0)
    world.converger = Converger(world.parts, world.publisher)
    await world.timed_out()
    await world.converge()
    assert world.facts[-1] is EventType.DEPLOY_SCHEDULED
    row = await world.row()
    assert (row.state, row.init_began) == (State.INITIALIZING, True)
    assert (await world.look()).complete


async def test_stop_and_start(world: World) -> None:
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    assert await world.state() is State.STOPPED
    assert (await world.look()).pods == ()
    await world.wish(EventType.START_REQUESTED)
    await world.converge()
    assert await world.state() is State.STARTING
    await world.seen_ready()


async def test_what_was_lost_is_healed(world: World) -> None:
    await world.running()
    deployment = (await world.look()).deployment
    assert deployment is not None
    await world.cluster.delete(DEPLOYMENT, deployment)
    await world.fact(EventType.DEPLOY_LOST, Lost(cause="The Deployment is gone."))
    await world.converge()
    await world.seen_ready()


async def test_nothing_is_healed_while_the_brake_is_on(world: World) -> None:
    await world.running()
    await world.fact(EventType.DEPLOY_LOST, Lost(cause="The Deployment was scaled to zero."))
    step = str((await world.row()).step)
    async with world.engine.begin() as connection:
        await connection.execute(text("INSERT INTO brakes (engaged_at, why) VALUES (now(), 'all were lost')"))
    await world.converge()
    assert await _applied_step(world) != step
    await brake.release(world.engine, "api:alice", "looked", datetime.now(UTC))
    await world.converge()
    assert await _applied_step(world) == step


async def _applied_step(world: World) -> str:
    deployment = (await world.look()).deployment
    assert deployment is not None
    return str(deployment["metadata"]["annotations"][STEP])


async def test_what_is_held_is_not_healed(world: World) -> None:
    await world.running()
    await world.wish(EventType.HOLD_REQUESTED)
    await world.fact(EventType.DEPLOY_LOST, Lost(cause="The Deployment is gone."))
    step = (await world.row()).step
    await world.converge()
    deployment = (await world.look()).deployment
    assert deployment is not None
    assert deployment["metadata"]["annotations"]["reprise.dev/step"] != str(step)


async def test_the_trash_is_stopped_and_kept(world: World) -> None:
    await world.running()
    await world.wish(EventType.DELETE_REQUESTED)
    await world.converge()
    assert await world.state() is State.TRASHED
    sight = await world.look()
    assert sight.pods == ()
    assert sight.complete
    assert world.databases.released == []


async def test_delete_leaves_nothing_and_releases_the_database(world: World) -> None:
    await world.running()
    await world.wish(EventType.DELETE_REQUESTED, DeleteRequested(now=True))
    await world.converge()
    assert await world.state() is State.DELETED
    assert await world.look() == Sight()
    assert world.databases.released == [world.id]
    receipt = world.publisher.published[-1].data
    assert isinstance(receipt, Receipt)
    assert {"Deployment", "PersistentVolumeClaim", "Service", "Secret", "Database"} <= {
        line.kind for line in receipt.objects if line.action == "deleted"
    }


async def test_an_instance_that_is_not_there_is_left_alone(world: World) -> None:
    await world.converger.converge(world.id)
    assert world.facts == []


@pytest.mark.parametrize("error", [NotYet("the server is starting"), DependencyDown("database-service", "no")])
async def test_what_is_not_ready_yet_comes_back(
    world: World, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_now(*_: object) -> None:
        raise error

    await world.deploying()
    with monkeypatch.context() as patched:
        patched.setattr(Databases, "allocate", not_now)
        with pytest.raises(type(error)):
            await world.converger.converge(world.id)
    assert world.facts == []
    await world.converge()
    assert world.facts == [EventType.DEPLOY_APPLIED]
