"""What a page shows of the cluster: a page is not held up by a cluster that is slow or away, and does without it."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from schemas.errors import DependencyDown, Refused

Answer = TypeVar("Answer")
WITHIN = 1.0
"""Seconds for which a page waits."""


async def in_time(asked: Awaitable[Answer]) -> Answer | None:
    """None where it does not come in time, or is refused."""
    try:
        async with asyncio.timeout(WITHIN):
            return await asked
    except (TimeoutError, DependencyDown, Refused):
        return None
