"""Has the effects see to instances that no fact can mend: leftovers of attempts, objects missing or too many."""

import asyncio
from uuid import UUID

import structlog

from consumers.converge.converger import Converger
from schemas.errors import NotYet, RepriseError

log = structlog.get_logger()


class Mender:
    """One instance after the other; what is not mended is found again by the next resync."""

    def __init__(self, converger: Converger) -> None:
        self._converger = converger
        self._waiting: dict[UUID, bool] = {}
        self._wanted = asyncio.Event()

    def want(self, instance_id: UUID, *, tidy: bool) -> None:
        """Have an instance converged, or only (`tidy`) what its attempts left behind removed."""
        self._waiting[instance_id] = tidy and self._waiting.get(instance_id, True)
        self._wanted.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting:
                await self._mend(*self._waiting.popitem())

    async def _mend(self, instance_id: UUID, tidy: bool) -> None:
        try:
            await (self._converger.tidy(instance_id) if tidy else self._converger.converge(instance_id))
        except NotYet as wait:
            log.debug("mending.waits", instance=str(instance_id), what=wait.what)
        except RepriseError as error:
            log.warning("mending.failed", instance=str(instance_id), error=str(error))
