"""An effect is killed before and after each write to the cluster in turn: the next run completes what it left."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from cluster.connection import Connection
from cluster.dedicated import DedicatedServers
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE, STATEFUL_SET, Kind
from cluster.names import DATABASE, ODOO, labels, server_name
from cluster.observe import Phase, observe
from cluster.profiles import DatabaseServer
from cluster.removal import select
from schemas.errors import NotYet
from schemas.payloads import DeleteRequested, Receipt
from schemas.types import EventType
from statemachine.states import State
from tests.integration.consumers.world import NO_ROOM, World
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database

KINDS = (DEPLOYMENT, CLAIM, SERVICE, SECRET)


class Killed(Exception):
    """The process ended here."""


class Executioner:
    """Kills at the write of this number: before the cluster has it, or after."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ask = Connection.ask
        self._left: int | None = None
        self._after = False
        self.killed = False
        executioner = self

        async def ask(connection: Connection, method: str, *rest: Any, **more: Any) -> Any:
            return await executioner._through(connection, method, *rest, **more)

        monkeypatch.setattr(Connection, "ask", ask)

    async def kills(self, at: int, work: Callable[[], Awaitable[object]], *, after: bool) -> bool:
        """Whether the work came to its write of that number; it was killed there."""
        self._left, self._after, self.killed = at, after, False
        with suppress(Killed):
            await work()
        self._left = None
        return self.killed

    async def _through(self, connection: Connection, method: str, *rest: Any, **more: Any) -> Any:
        if method == "GET" or self._left is None:
            return await self._ask(connection, method, *rest, **more)
        if self.killed:
            raise Killed
        now, self._left = self._left == 0, self._left - 1
        if now and not self._after:
            self.killed = True
            raise Killed
        answer = await self._ask(connection, method, *rest, **more)
        if now:
            self.killed = True
            raise Killed
        return answer


@pytest.fixture
def executioner(monkeypatch: pytest.MonkeyPatch) -> Executioner:
    return Executioner(monkeypatch)


Prepare = Callable[[World], Awaitable[None]]
Verify = Callable[[World, bool], Awaitable[None]]
"""Told whether the killed effect had left nothing."""


async def every_death(world: World, executioner: Executioner, prepare: Prepare, verify: Verify) -> None:
    """`prepare` an instance, kill its effect at one write after the other, let another finish, and `verify`."""
    deaths = 0
    for after in (False, True):
        for at in count():
            one = World(world.engine, world.cluster)
            await prepare(one)
            killed = await executioner.kills(at, one.converge, after=after)
            nothing_left = killed and not await _objects(one)
            await one.converge()
            await verify(one, nothing_left)
            await _cleared(one)
            if not killed:
                break
            deaths += 1
    assert deaths >= 6, "it was killed at every write, before and after"


async def test_a_deployment(world: World, executioner: Executioner) -> None:
    async def complete(one: World, nothing_left: bool) -> None:
        assert (await one.look()).complete
        assert observe(await one.look(), (await one.row()).step, one.parts.clock(), 0).phase is not Phase.UNAPPLIED
        assert (await one.row()).applied_at is not None

    async def deploying(one: World) -> None:
        await one.deploying(**NO_ROOM)

    await every_death(world, executioner, deploying, complete)


@pytest.mark.timeout(240)
async def test_a_clean_up(world: World, executioner: Executioner) -> None:
    async def clean(one: World, nothing_left: bool) -> None:
        assert await one.state() is State.ERROR
        assert await _objects(one) == []
        # the Secret goes last and remembers what there was; after it there is nothing left to tell of
        action = "absent" if nothing_left else "deleted"
        assert set(_receipt(one)) >= {(kind.name, action) for kind in KINDS}

    async def failed(one: World) -> None:
        await one.deploying(**NO_ROOM)
        await one.converge()
        await one.timed_out()

    await every_death(world, executioner, failed, clean)


@pytest.mark.timeout(240)
async def test_a_deletion(world: World, executioner: Executioner) -> None:
    async def gone(one: World, nothing_left: bool) -> None:
        assert await one.state() is State.DELETED
        assert await _objects(one) == []
        assert one.databases.released[-1] == one.id

    async def deleted(one: World) -> None:
        await one.running()
        await one.wish(EventType.DELETE_REQUESTED, DeleteRequested(now=True))

    await every_death(world, executioner, deleted, gone)


async def test_a_dedicated_server_made_and_removed(world: World, executioner: Executioner) -> None:
    servers = DedicatedServers(world.cluster, DatabaseServer())
    wanted = labels(world.cluster.installation, world.id, DATABASE)

    async def ensured() -> bool:
        with suppress(NotYet):
            name = server_name(world.id)
            await servers.ensure(world.id, "acme", name, "password", "odoo", "odoo")
            return True
        return False

    async def removed() -> bool:
        with suppress(NotYet):
            await servers.remove(world.id)
            return True
        return False

    for after in (False, True):
        for at in count():
            made = await executioner.kills(at, ensured, after=after)
            await until(ensured, 30)
            unmade = await executioner.kills(at, removed, after=after)
            await until(removed, 30)
            assert await select(world.cluster, (STATEFUL_SET, *KINDS), wanted) == []
            if not made and not unmade:
                break
        assert at >= 3


async def _cleared(one: World) -> None:
    """Its objects make room for the next one."""
    for kind in KINDS:
        for _, found in await _found(one, kind):
            await one.cluster.delete(kind, found)


async def _found(one: World, *kinds: Kind) -> list[tuple[Kind, Any]]:
    return await select(one.cluster, kinds, labels(one.cluster.installation, one.id, ODOO))


async def _objects(one: World) -> list[str]:
    return [f"{kind.name}/{found['metadata']['name']}" for kind, found in await _found(one, *KINDS)]


def _receipt(one: World) -> list[tuple[str, str]]:
    data = one.publisher.published[-1].data
    assert isinstance(data, Receipt)
    return [(line.kind, line.action) for line in data.objects]
