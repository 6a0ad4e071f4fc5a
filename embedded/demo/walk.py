"""The walk: an instance that asks for too much fails, is retried three ways, and runs once there is room."""

from typing import NamedTuple

from cluster.conditions import condition
from cluster.secret import PASSWORD
from cluster.secret import read as read_secret
from embedded.demo.commandline import reprise
from embedded.demo.narration import Narrator
from embedded.demo.observed import Failure, Observed, Queued
from embedded.demo.watching import until, words
from embedded.demo.world import Document, World
from embedded.resizing import resize
from schemas.payloads import RetryRequested
from schemas.requests import RequestChange
from schemas.types import EventType

NAME, CUSTOMER = "shop", "demo"
SHORT_PATIENCE = 2
"""Seconds that a retry may wait for room once everybody has seen that there is none."""
MEMORY = "1Gi"


class Terms(NamedTuple):
    """How much is asked for, what the cluster then gets, and for how many seconds one thing may be waited for."""

    cpu: str
    enough: str
    patience: float


async def walk(world: World, narrator: Narrator) -> Observed:
    """All of it. Raises RepriseError where something does not happen in time, or is refused."""
    seen = Observed()
    terms = await _terms(world)
    instance_id = await _ask(world, narrator, terms)
    await _fail_for_the_first_time(world, narrator, seen, instance_id, terms)
    await _retry_over_http(world, narrator, seen, instance_id, terms)
    await _retry_by_an_event(world, narrator, seen, instance_id, terms)
    await _make_room(world, narrator, terms)
    await _retry_from_the_command_line(world, narrator, seen, instance_id, terms)
    await _look_at_the_end(world, narrator, seen, instance_id)
    return seen


async def _terms(world: World) -> Terms:
    nodes = (await world.get("/api/capacity", cpu="1", memory=MEMORY))["nodes"]
    largest = int(max((node["cpu"] for node in nodes), default=0))
    patience = 30 if world.settings.cluster == "simulated" else world.settings.init_timeout + 60
    return Terms(cpu=str(largest + 2), enough=str(2 * largest + 4), patience=patience)


async def _ask(world: World, narrator: Narrator, terms: Terms) -> str:
    narrator.step(f"An instance with a database server of its own asks for {terms.cpu} CPU, more than any node has")
    request = {"cpu": terms.cpu, "memory": MEMORY, "db_type": "dedicated"}
    created = await world.post("/api/instances", {"customer_id": CUSTOMER, "name": NAME, **request})
    narrator.say(f"accepted as {created['id']}, job {created['job_id']}: {words(created)}")
    await until(world, narrator, created["id"], lambda it: it["database"] is not None, terms.patience)
    return str(created["id"])


async def _fail_for_the_first_time(
    world: World, narrator: Narrator, seen: Observed, instance_id: str, terms: Terms
) -> None:
    narrator.step("No node takes its pod, and the cluster says why")
    await until(world, narrator, instance_id, lambda it: it["cause"] is not None, terms.patience)
    seen.pod_reason = await _pod_reason(world, instance_id)
    narrator.say(f"the pod itself is Pending: {seen.pod_reason}")
    narrator.step(f"Nothing changes for {world.settings.deploy_timeout} s: it times out and cleans up")
    await _failure(world, narrator, seen, instance_id, terms)
    _tell_receipt(narrator, await world.audit(instance_id))


async def _retry_over_http(world: World, narrator: Narrator, seen: Observed, instance_id: str, terms: Terms) -> None:
    narrator.step("A retry over HTTP, while there is still no room, fails the same way")
    path = f"/api/instance/admin/retry-instance/{instance_id}"
    answer = await world.post(path, {"reason": "perhaps there is room now", "patience": SHORT_PATIENCE})
    queued = await world.get(f"/api/instances/{instance_id}")
    _queued(narrator, seen, "HTTP", answer["message"], answer["job_id"], queued)
    await _failure(world, narrator, seen, instance_id, terms)


async def _retry_by_an_event(world: World, narrator: Narrator, seen: Observed, instance_id: str, terms: Terms) -> None:
    narrator.step("A retry by an event that another system publishes on the bus fails the same way")
    change = RetryRequested(change=RequestChange(patience=SHORT_PATIENCE))
    event = await world.publish(instance_id, EventType.RETRY_REQUESTED, change, "another system is hopeful")
    queued = await until(world, narrator, instance_id, lambda it: it["job_id"] == str(event.id), terms.patience)
    _queued(narrator, seen, "event", f"{event.type.value} published", str(event.id), queued)
    await _failure(world, narrator, seen, instance_id, terms)


async def _make_room(world: World, narrator: Narrator, terms: Terms) -> None:
    if world.settings.cluster != "simulated":
        return
    narrator.step("The cluster grows")
    size = await resize(world.settings, terms.enough, None)
    narrator.say(f"node {size.node} has {size.cpu} CPU now")


async def _retry_from_the_command_line(
    world: World, narrator: Narrator, seen: Observed, instance_id: str, terms: Terms
) -> None:
    # a real cluster does not grow for a demonstration: there the retry asks for less
    less = [] if world.settings.cluster == "simulated" else ["--cpu", "250m"]
    narrator.step(f"reprise retry {NAME}{' '.join(['', *less])}")
    answer = await reprise(world, "retry", NAME, *less, "--reason", "there is room now", "--output", "json")
    queued = await world.get(f"/api/instances/{instance_id}")
    _queued(narrator, seen, "command line", answer["message"], answer["job_id"], queued)
    narrator.say(f"the same database server as before: {queued['database']['db_server_id']}")
    ended = await until(world, narrator, instance_id, _at_rest, terms.patience)
    narrator.say(f"attempt {ended['attempt']} is {words(ended)}")


async def _look_at_the_end(world: World, narrator: Narrator, seen: Observed, instance_id: str) -> None:
    narrator.step("What runs is looked at from every side")
    seen.instance = await world.get(f"/api/instances/{instance_id}")
    seen.row = await world.row(instance_id)
    seen.job = await world.get(f"/api/jobs/{seen.instance['job_id']}")
    seen.audit = await world.audit(instance_id)
    seen.server = _names(await world.server(instance_id))
    objects = {each["kind"]: each for each in await world.objects(instance_id)}
    seen.ready_replicas = objects.get("Deployment", {}).get("status", {}).get("readyReplicas", 0)
    seen.secret_password = read_secret(objects.get("Secret", {}), PASSWORD)
    seen.credentials = await world.credentials(seen.instance)
    seen.rows_with_password = await world.rows_with(seen.credentials["password"])
    narrator.say(f"{len(seen.audit)} rows of its audit log, {len(objects)} objects, its database server and its row")


async def _failure(world: World, narrator: Narrator, seen: Observed, instance_id: str, terms: Terms) -> None:
    """Wait until the attempt has failed and is clean, and keep what everybody says then."""
    instance = await until(world, narrator, instance_id, lambda it: it["state"] == "error", terms.patience)
    narrator.say(str(instance["error_message"]))
    row = await world.row(instance_id)
    left_over, server = await world.objects(instance_id), await world.server(instance_id)
    seen.failures.append(Failure(instance, row, _names(left_over), _names(server)))


def _queued(narrator: Narrator, seen: Observed, way: str, message: str, job_id: str, instance: Document) -> None:
    seen.retries.append(Queued(way, message, job_id, instance))
    narrator.say(f"{message}: job {job_id}, attempt {instance['attempt']} is {words(instance)}")


def _tell_receipt(narrator: Narrator, audit: list[Document]) -> None:
    receipts = [row for row in audit if row["type"] == EventType.CLEANUP_COMPLETED]
    for line in receipts[-1]["data"]["objects"] if receipts else ():
        narrator.say(f"receipt: {line['kind']} {line['name']} {line['action']}: {line['why']}")


async def _pod_reason(world: World, instance_id: str) -> str:
    for pod in await world.pods(instance_id):
        unscheduled = condition(pod, "PodScheduled", "False")
        if pod["status"].get("phase") == "Pending" and unscheduled is not None:
            return str(unscheduled.get("message", ""))
    return ""


def _at_rest(instance: Document) -> bool:
    return instance["state"] in ("running", "error")


def _names(objects: list[Document]) -> list[str]:
    return [f"{each['kind']} {each['metadata']['name']}" for each in objects]
