"""What the watcher's process holds when its namespace is full: little of each object, and no more after every list."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from cluster.kinds import POD, Object
from cluster.names import INSTANCE
from consumers.watching.cache import WATCHED
from embedded.child import Child
from embedded.probing import answers
from persistence.writer import Writer
from schemas.events import Event, wish
from schemas.payloads import ProvisionRequested
from schemas.requests import InstanceRequest
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.policy import Policy
from tests.integration.cluster.doing import deployed, instance
from tests.integration.consumers.world import ALICE
from tests.support.installation import served, whole_of
from tests.support.interference import Asked, Interference, interference
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.waiting import until

PODS, LISTS, PAGE = 5_000, 3, 500
MOST, GROWTH = 320, 10
"""MiB: of the process at any time, and from the second list to the last."""


class Full:
    """Lists so many pods as an API server does: copies of a real one, each list newer than the last."""

    def __init__(self, pattern: Object) -> None:
        self._pattern = pattern
        self._versions = count(1)
        self.ends = 0

    def answer(self, asked: Asked) -> Object | None:
        if not (asked.is_list and asked.plural == "pods"):
            return None
        assert "reprise.dev/installation=test" in asked.query["labelSelector"], "pods of others are not asked for"
        begin = int(asked.query.get("continue", "0"))
        end = begin + int(asked.query["limit"])
        self.ends += end >= PODS
        meta = {"resourceVersion": self._pattern["metadata"]["resourceVersion"]}
        more = {"continue": str(end)} if end < PODS else {}
        return {"metadata": meta | more, "items": list(map(self._pod, range(begin, end)))}

    def _pod(self, number: int) -> Object:
        meta = self._pattern["metadata"]
        fresh = {"name": f"pod-{number}", "resourceVersion": str(next(self._versions))}
        return {
            **self._pattern,
            "metadata": {**meta, **fresh, "labels": {**meta["labels"], INSTANCE: str(UUID(int=number))}},
        }


@pytest_asyncio.fixture
async def between(simulated_cluster: Path, tmp_path: Path) -> AsyncIterator[Interference]:
    async with interference(simulated_cluster, tmp_path / "through") as found:
        yield found


async def test_memory_is_bounded_and_flat_with_thousands_of_pods(
    engine: AsyncEngine, database: str, nats_url: str, between: Interference, tmp_path: Path
) -> None:
    place = {"namespace": f"full-{secrets.token_hex(4)}", "installation": "test", "metrics_port": free_port()}
    settings = whole_of(database, tmp_path / "through", nats_url=nats_url, **place)
    await known(engine)
    full = Full(await real_pod(settings))
    between.instead = full.answer

    async def listed_and_watched(times: int) -> None:
        watched = len(WATCHED) + 1  # and Events
        await until(lambda: full.ends >= times and between.open_watches == watched, 60, what=f"list {times}")

    async with running(alone(settings)) as process:
        held = []
        for number in range(1, LISTS + 1):
            await listed_and_watched(number)
            held.append(memory(process.pid, "VmRSS"))
            await between.expire()
        most = memory(process.pid, "VmHWM")
    assert most < MOST, held
    assert held[-1] - held[1] < GROWTH, held


def alone(settings: Settings) -> Child:
    """The watcher, which is not ready without a database-service, but does not need it here."""
    lives = partial(answers, "127.0.0.1", settings.metrics_port, "/healthz", status=200)
    return replace(served(settings, ["watcher"]), ready=lives)


async def known(engine: AsyncEngine) -> None:
    """A row for the instance of every pod."""
    writer, now = Writer(engine, Policy()), datetime.now(UTC)
    for begin in range(0, PODS, PAGE):
        await writer.apply([requested(number, now) for number in range(begin, begin + PAGE)])


def requested(number: int, now: datetime) -> Event:
    wanted = ProvisionRequested(customer_id="acme", name=f"shop-{number}", request=InstanceRequest())
    return wish(EventType.PROVISION_REQUESTED, UUID(int=number), ALICE, now, wanted)


async def real_pod(settings: Settings) -> Object:
    """The pod of an instance, as the cluster shows it once it is ready."""
    async with Cluster(settings) as cluster:
        await deployed(cluster, instance(name="shop", customer_id="acme"))

        async def ready() -> Object | None:
            found = await cluster.select(POD)
            return found[0] if found and found[0]["status"].get("phase") == "Running" else None

        found: Object = await until(ready, 30, what="a pod that runs")
        return found


def memory(process: int, what: str) -> int:
    """In MiB. Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html"""
    [line] = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith(what)]
    return int(line.split()[1]) // 1024
