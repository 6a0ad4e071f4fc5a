"""Server-sent events over a real socket: live, resumed, narrowed to the caller, told when something was missed."""

import httpx

from bus.connection import jetstream
from bus.streams import CHANGES_STREAM, ensure
from tests.integration.api.listening import Listener, listening, relay
from tests.integration.api.world import World
from tests.support.waiting import until


async def test_changes_are_told_as_they_happen(world: World, address: str) -> None:
    async with listening(address, world.acme) as listener:
        created = await world.create()
        await relay(world)
        event = await listener.next()
    assert event["event"] == "state.changed"
    assert event["data"]["instance_id"] == created["id"]
    assert (event["data"]["state_before"], event["data"]["state_after"]) == ("none", "pending")
    assert (event["data"]["status"], event["data"]["provisioning_status"]) == ("creating", "pending")


async def test_a_listener_goes_on_where_it_left_off(world: World, address: str) -> None:
    identity = await world.failed()
    await relay(world)
    async with listening(address, world.acme, after="0") as listener:
        first = await listener.next()
        second = await listener.next()
    async with listening(address, world.acme, after=first["id"]) as listener:
        assert await listener.next() == second
    assert first["data"]["instance_id"] == identity


async def test_customers_hear_of_their_own_instances_alone(world: World, address: str) -> None:
    async with listening(address, world.other) as stranger, listening(address, world.admin) as admin:
        mine = await world.create("shop")
        theirs = (await world.other.post("/api/instances", json={"name": "shop"})).json()
        await relay(world)
        assert (await stranger.next())["data"]["instance_id"] == theirs["id"]
        assert (await admin.next())["data"]["instance_id"] == mine["id"]


async def test_one_instance_can_be_followed(world: World, address: str) -> None:
    one, two = await world.create("one"), await world.create("two")
    token = {"Authorization": world.acme.headers["authorization"], "Last-Event-ID": "0"}
    await relay(world)
    query = {"instance_id": two["id"]}
    async with httpx.AsyncClient(base_url=address, headers=token) as real:
        async with real.stream("GET", "/api/events", params=query) as got:
            assert (await Listener(got).next())["data"]["instance_id"] == two["id"]
        stranger = {"Authorization": world.other.headers["authorization"]}
        refused = await real.get("/api/events", params={"instance_id": one["id"]}, headers=stranger)
    assert refused.status_code == 404


async def test_who_missed_changes_is_told_to_look_anew(world: World, address: str) -> None:
    async with listening(address, world.acme, after="4711") as listener:
        assert (await listener.next())["event"] == "reset"
    js = jetstream(world.backend.nats)
    await world.create()
    await relay(world)
    await js.purge_stream(CHANGES_STREAM)
    async with listening(address, world.acme, after="0") as listener:
        assert (await listener.next())["event"] == "reset"


async def test_a_listener_outlives_the_stream(world: World, address: str) -> None:
    js = jetstream(world.backend.nats)
    async with listening(address, world.acme) as listener:
        await world.create("one")
        await relay(world)
        await listener.next()
        await js.delete_stream(CHANGES_STREAM)
        await ensure(js)
        assert (await listener.next())["event"] == "reset"
        two = await world.create("two")
        await relay(world)
        assert (await listener.next())["data"]["instance_id"] == two["id"]


async def test_streams_end_with_the_process(world: World, address: str) -> None:
    async with listening(address, world.acme) as listener:
        world.backend.stopping.set()
        assert (await listener.next())["event"] == "end"


async def test_listeners_leave_no_consumers_behind_that_the_server_would_keep(world: World, address: str) -> None:
    js = jetstream(world.backend.nats)
    async with listening(address, world.acme):

        async def consuming() -> bool:
            return bool(await js.consumers_info(CHANGES_STREAM))

        await until(consuming)
        [consumer] = await js.consumers_info(CHANGES_STREAM)
    assert consumer.config.durable_name is None
    assert consumer.config.inactive_threshold == 30


async def test_a_listener_that_leaves_takes_its_subscription_along(world: World, address: str) -> None:
    subscriptions = world.backend.nats._subs  # the client tells in no other way what it is subscribed to
    before = len(subscriptions)
    async with listening(address, world.acme):
        await until(lambda: len(subscriptions) == before + 1)
    await until(lambda: len(subscriptions) == before)
