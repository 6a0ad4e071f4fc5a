"""Waits for an instance to get somewhere, and tells each thing that changes on the way."""

import asyncio
import time
from collections.abc import Callable

from embedded.demo.narration import Narrator
from embedded.demo.world import Document, World
from schemas.errors import RepriseError

PAUSE = 0.1


async def until(
    world: World, narrator: Narrator, instance_id: str, reached: Callable[[Document], bool], patience: float
) -> Document:
    """The instance as soon as `reached` is true of it. Raises RepriseError after `patience` seconds."""
    deadline = time.monotonic() + patience
    told = ""
    while True:
        instance = await world.get(f"/api/instances/{instance_id}")
        if (now := _seen(instance)) != told:
            told = now
            narrator.say(now)
        if reached(instance):
            return instance
        if time.monotonic() > deadline:
            raise RepriseError(f"waited {patience:g} s in vain; last seen: {now}")
        await asyncio.sleep(PAUSE)


def words(instance: Document) -> str:
    """The two words that people see."""
    return f"{instance['status']}/{instance['provisioning_status']}"


def _seen(instance: Document) -> str:
    cause = f": {instance['cause']}" if instance["cause"] else ""
    return f"{words(instance)} ({instance['state']}){cause}"
