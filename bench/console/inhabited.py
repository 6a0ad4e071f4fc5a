"""Ten thousand instances as they would be: most run, some failed, some wait; their pods, trails, and dead letters."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from nats.js import JetStreamContext

from bench.trails import LIFE, lived, write
from bus.dead_letters import DeadLetters
from embedded.simulated.cluster import Options, opened
from embedded.simulated.kinds import PODS
from embedded.simulated.objects import Object

NODES, CPU, MEMORY = 100, "64", "256Gi"
CUSTOMERS = 20
FAILED, WAITING = 2, 1
"""Of PARTS: clean after it found no room, and still without room. The others run, by their retry."""
PARTS = 20
_CLEAN, _NO_ROOM = LIFE[:6], LIFE[:4]
_ERRORS = ("The data is not JSON", "No instance is known by that id", "Its signature is of no key that is known")


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", instances: int) -> None:
    """Their rows and trails, evenly over the last ten weeks."""
    customers = [f"customer-{number % CUSTOMERS}" for number in range(instances // PARTS)]
    for part in range(PARTS):
        life = _NO_ROOM if part < WAITING else _CLEAN if part < WAITING + FAILED else LIFE
        began = datetime.now(UTC) - timedelta(weeks=10) * (PARTS - part) / PARTS
        await write(connection, lived(began, life, customers))
    await connection.execute("VACUUM ANALYZE")


def place(cluster: Path, pods: int) -> None:
    """A cluster's nodes with so many running pods, before it is started."""
    with opened(cluster, Options(CPU, MEMORY, NODES)) as made:
        for number in range(pods):
            made.registry.store.put(PODS, _pod(number))


async def bury(js: JetStreamContext, letters: int) -> None:
    """Dead letters of three kinds."""
    graves = DeadLetters(js, "lifecycle")
    for number in range(letters):
        await graves.bury(f"instances.{number}.deploy.ready", b"{}", None, _ERRORS[number % len(_ERRORS)], 1)


def _pod(number: int) -> Object:
    """As the kubelet leaves one that runs and is ready."""
    now, name = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), f"odoo-{number}"
    asked = {"cpu": "500m", "memory": "1Gi"}
    state = {"name": "odoo", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": now}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "reprise", "uid": f"uid-{number}", "creationTimestamp": now},
        "spec": {
            "nodeName": f"node-{number % NODES}",
            "containers": [{"name": "odoo", "image": "odoo:18", "resources": {"requests": asked, "limits": asked}}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
            "containerStatuses": [state],
        },
    }
