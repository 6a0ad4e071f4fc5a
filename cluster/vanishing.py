"""Waits a moment for what was deleted to be seen gone, and asks to come back when it takes longer."""

import asyncio
from collections.abc import Sequence

from cluster.client import Cluster
from cluster.kinds import Kind
from cluster.names import selector
from schemas.errors import NotYet

PATIENCE = 2.0
PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds: how long a worker is held at most, and how long it waits between two looks."""


async def until_gone(cluster: Cluster, kinds: Sequence[Kind], wanted: dict[str, str]) -> None:
    """Return when no object of these kinds with these labels is there. Raises NotYet after PATIENCE seconds."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    looks = 0
    while left := await _left(cluster, kinds, wanted):
        if asyncio.get_running_loop().time() > deadline:
            raise NotYet(f"{', '.join(left[:5])} still there")
        await asyncio.sleep(PAUSES[min(looks, len(PAUSES) - 1)])
        looks += 1


async def _left(cluster: Cluster, kinds: Sequence[Kind], wanted: dict[str, str]) -> list[str]:
    found = await asyncio.gather(*(cluster.select(kind, selector(wanted)) for kind in kinds))
    return [
        f"{kind.name} {each['metadata']['name']}"
        for kind, objects in zip(kinds, found, strict=True)
        for each in objects
    ]
