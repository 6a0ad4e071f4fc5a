"""Converges one instance: reads the row, does what its state wants, and again until the row has stood still."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID

import structlog

from consumers.converge.cleaning import clean_up
from consumers.converge.deleting import delete_it
from consumers.converge.deploying import run_it
from consumers.converge.leaving import tidy
from consumers.converge.parts import Moved, Parts
from consumers.converge.stopping import scale_to_zero
from schemas.errors import NotYet
from schemas.events import Event
from statemachine.instance import Instance
from statemachine.states import State

log = structlog.get_logger()

Drive = Callable[[Parts, Instance], Awaitable[list[Event]]]

WANTED: dict[State, Drive] = {
    State.DEPLOYING: run_it,
    State.INITIALIZING: run_it,
    State.STARTING: run_it,
    State.DEGRADED: run_it,
    State.CLEANING_UP: clean_up,
    State.CLEANING_UP_BEFORE_RETRY: clean_up,
    State.STOPPING: scale_to_zero,
    State.STOPPED: scale_to_zero,
    State.TRASHED: scale_to_zero,
    State.DELETING: delete_it,
}
"""What each state wants done; any other, and one that is left alone, wants nothing but to be tidy."""
MOVES = 20
"""A row that moves more often than this while it is converged is left to the next command."""


class Publishes(Protocol):
    """Where facts go."""

    async def publish(self, *events: Event) -> None:
        """Returns when they are safe."""
        ...


class Converger:
    """Level triggered: a command that comes late, twice or not at all does no harm."""

    def __init__(self, parts: Parts, publisher: Publishes) -> None:
        self._parts = parts
        self._publisher = publisher

    async def converge(self, instance_id: UUID) -> None:
        """Drive the instance to what its row wants and say what was done.

        Raises NotYet where that takes longer, DependencyDown, ClusterRefused and DatabaseRefused: then come back.
        """
        for _ in range(MOVES):
            row = await self._parts.row(instance_id)
            if row is None:
                return
            facts = await self._drive(row)
            if facts is not None and await self._stood_still(row):
                await self._publisher.publish(*facts)
                return
        raise NotYet("the instance keeps moving")

    async def tidy(self, instance_id: UUID) -> None:
        """Remove what attempts left behind that never ran and are over. Raises as `converge` does."""
        row = await self._parts.row(instance_id)
        if row is not None:
            with suppress(Moved):
                await tidy(self._parts, row)

    async def _drive(self, row: Instance) -> list[Event] | None:
        """None where the row moved meanwhile, so that what was done is not worth saying."""
        try:
            return await _wanted(row)(self._parts, row)
        except Moved:
            return None
        except NotYet:
            if await self._stood_still(row):
                raise
            return None

    async def _stood_still(self, row: Instance) -> bool:
        now = await self._parts.row(row.id)
        return now is not None and now.step == row.step


def _wanted(row: Instance) -> Drive:
    return tidy if row.left_alone else WANTED.get(row.state, tidy)
