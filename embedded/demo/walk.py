"""The walk: an instance that asks for too much fails, is retried three ways, and runs once there is room."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster.conditions import condition
from cluster.secret import PASSWORD
from cluster.secret import read as read_secret
from embedded.demo.commandline import reprise
from embedded.demo.narration import Narrator
from embedded.demo.observed import Failure, Observed, Queued
from embedded.demo.room import MEMORY, Room, room
from embedded.demo.world import Document, World
from schemas.errors import RepriseError
from schemas.payloads import RetryRequested
from schemas.requests import RequestChange
from schemas.types import EventType

NAME, CUSTOMER = "shop", "demo"
PATIENCE, SHORT_PATIENCE = 6, 3
"""Seconds that an attempt may wait for room, and once everybody has seen that there is none. Production waits for
minutes, and whoever looks on should not have to; the one that finds room has all the time it needs."""
PAUSE = 0.1


async def walk(world: World, narrator: Narrator) -> Observed:
    """All of it. Raises RepriseError where something does not happen in time, or is refused."""
    # a real cluster pulls real images
    patience = 60 if world.is_simulated else world.settings.init_timeout + 60
    walking = _Walk(world, narrator, await room(world), patience)
    await walking.ask()
    await walking.fail_for_lack_of_room()
    await walking.retry_over_http()
    await walking.retry_by_an_event()
    await walking.make_room()
    await walking.retry_from_the_command_line()
    await walking.look_from_every_side()
    return walking.seen


@dataclass
class _Walk:
    world: World
    narrator: Narrator
    room: Room
    patience: float
    seen: Observed = field(default_factory=Observed)
    instance_id: str = ""
    told: str = ""

    async def ask(self) -> None:
        self.narrator.step(
            f"An instance with a database server of its own asks for {self.room.cpu} CPU, {self.room.too_much}"
        )
        await self.room.take()
        request = {"cpu": self.room.cpu, "memory": MEMORY, "db_type": "dedicated", "patience": PATIENCE}
        created = await self.world.post("/api/instances", {"customer_id": CUSTOMER, "name": NAME, **request})
        self.instance_id = created["id"]
        self.narrator.say(f"accepted as {created['id']}, job {created['job_id']}: {_words(created)}")
        instance = await self._until(lambda it: it["database"] is not None)
        self.narrator.say(f"its database server: {instance['database']['db_server_id']}")

    async def fail_for_lack_of_room(self) -> None:
        self.narrator.step("No node takes its pod, and the cluster says why")
        await self._until(lambda it: it["cause"] is not None)
        self.seen.pod_reason = await self._pod_reason()
        self.narrator.say(f"the pod itself is Pending: {self.seen.pod_reason}")
        self.narrator.step(f"Nothing changes for {PATIENCE} s: it times out and cleans up")
        await self._failure()
        await self._tell_receipt()

    async def retry_over_http(self) -> None:
        self.narrator.step("A retry over HTTP, while there is still no room, fails the same way")
        path = f"/api/instance/admin/retry-instance/{self.instance_id}"
        answer = await self.world.post(path, {"reason": "perhaps there is room now", "patience": SHORT_PATIENCE})
        await self._queued("HTTP", answer["message"], answer["job_id"])
        await self._failure()

    async def retry_by_an_event(self) -> None:
        self.narrator.step("A retry by an event that another system publishes on the bus fails the same way")
        change = RetryRequested(change=RequestChange(patience=SHORT_PATIENCE))
        event = await self.world.publish(
            self.instance_id, EventType.RETRY_REQUESTED, change, "another system is hopeful"
        )
        await self._until(lambda it: it["job_id"] == str(event.id))
        await self._queued("event", f"{event.type.value} published", str(event.id))
        await self._failure()

    async def make_room(self) -> None:
        self.narrator.step(self.room.made)
        self.narrator.say(await self.room.make())

    async def retry_from_the_command_line(self) -> None:
        self.narrator.step(f"reprise retry {NAME}")
        answer = await reprise(self.world, "retry", NAME, "--reason", "there is room now", "--output", "json")
        await self._queued("command line", answer["message"], answer["job_id"])
        ended = await self._until(lambda it: it["state"] in ("running", "error"))
        self.narrator.say(f"the same database server as before: {ended['database']['db_server_id']}")
        self.seen.credentials = found = await self.world.credentials(ended)
        secret = f"a password of {len(found['password'])} characters, shown nowhere"
        self.narrator.say(f"credentials fetched: {found['username']} with {secret}")

    async def look_from_every_side(self) -> None:
        self.narrator.step("What runs is looked at from every side")
        world, seen, identity = self.world, self.seen, self.instance_id
        seen.instance, seen.row = await world.instance(identity), await world.row(identity)
        seen.job = await world.get(f"/api/jobs/{seen.instance['job_id']}")
        seen.audit, seen.server = await world.audit(identity), _names(await world.server(identity))
        objects = {each["kind"]: each for each in await world.objects(identity)}
        seen.ready_replicas = objects.get("Deployment", {}).get("status", {}).get("readyReplicas", 0)
        seen.secret_password = read_secret(objects.get("Secret", {}), PASSWORD)
        seen.rows_with_password = await world.rows_with(seen.credentials["password"])
        self.narrator.say(f"{len(seen.audit)} rows of its audit log, its row, {len(objects)} objects")

    async def _failure(self) -> None:
        """Wait until the attempt has failed and is clean, and keep what everybody says then."""
        instance = await self._until(lambda it: it["state"] == "error")
        self.narrator.say(f"{instance['error_code']}: {instance['error_message']}")
        row = await self.world.row(self.instance_id)
        left_over = _names(await self.world.objects(self.instance_id))
        server = _names(await self.world.server(self.instance_id))
        self.seen.failures.append(Failure(instance, row, left_over, server))

    async def _queued(self, way: str, message: str, job_id: str) -> None:
        instance = await self.world.instance(self.instance_id)
        self.seen.retries.append(Queued(way, message, job_id, instance))
        self.narrator.say(f"{message}: job {job_id}, attempt {instance['attempt']}")

    async def _tell_receipt(self) -> None:
        audit = await self.world.audit(self.instance_id)
        receipts = [row for row in audit if row["type"] == EventType.CLEANUP_COMPLETED]
        for line in receipts[-1]["data"]["objects"] if receipts else ():
            self.narrator.say(f"receipt: {line['kind']} {line['name']} {line['action']} ({line['why']})")

    async def _pod_reason(self) -> str:
        """Why its pod is Pending, in the scheduler's words; whom it would rather evict does not matter here."""
        for pod in await self.world.pods(self.instance_id):
            unscheduled = condition(pod, "PodScheduled", "False")
            if pod["status"].get("phase") == "Pending" and unscheduled is not None:
                return str(unscheduled.get("message", "")).partition(" preemption:")[0]
        return ""

    async def _until(self, reached: Callable[[Document], bool]) -> Document:
        """The instance as soon as `reached` is true of it, telling each thing that changes on the way."""
        deadline = time.monotonic() + self.patience
        while True:
            instance = await self.world.instance(self.instance_id)
            self._tell(instance)
            if reached(instance):
                return instance
            if time.monotonic() > deadline:
                raise RepriseError(f"waited {self.patience:g} s in vain; last seen: {self.told}")
            await asyncio.sleep(PAUSE)

    def _tell(self, instance: Document) -> None:
        cause = f": {instance['cause']}" if instance["cause"] else ""
        now = f"{_words(instance)} ({instance['state']}, attempt {instance['attempt']}){cause}"
        if now != self.told:
            self.told = now
            self.narrator.say(now)


def _words(instance: Document) -> str:
    return f"{instance['status']}/{instance['provisioning_status']}"


def _names(objects: list[Document]) -> list[str]:
    return [f"{each['kind']} {each['metadata']['name']}" for each in objects]
