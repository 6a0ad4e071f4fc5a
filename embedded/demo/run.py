"""Runs the demonstration in a data directory of its own and says whether all of it held."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from embedded.announcements import Announcement, Ready
from embedded.demo.checklist import Point, judged
from embedded.demo.narration import Narrator, Stage, Step
from embedded.demo.walk import walk
from embedded.demo.world import opened
from embedded.up import while_up
from schemas.errors import RepriseError
from schemas.settings import Settings

DEPLOY_TIMEOUT = 6
"""Seconds; production waits for minutes, and whoever looks on should not have to."""
EMBEDDED = {"database_url": "", "nats_url": "", "deploy_timeout": DEPLOY_TIMEOUT}


@dataclass(frozen=True)
class Report:
    """What happened and what held; `error` says what broke the walk off."""

    steps: list[Step]
    points: list[Point] = field(default_factory=list)
    error: str | None = None
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the walk came to its end and every point holds."""
        return self.error is None and bool(self.points) and all(point.holds for point in self.points)


async def demonstrate(stage: Stage, cluster: str) -> Report:
    """Start everything, walk, judge, stop everything. `cluster`: simulated, or the kubernetes of REPRISE_KUBECONFIG."""
    began = time.monotonic()
    narrator = Narrator(stage)
    with tempfile.TemporaryDirectory(prefix="reprise-demo-") as directory:
        settings = Settings.load(**EMBEDDED, cluster=cluster, data_dir=Path(directory))
        try:
            points = await _walked(settings, narrator)
        except RepriseError as error:
            return Report(narrator.steps, error=str(error), seconds=time.monotonic() - began)
    return Report(narrator.steps, points or [], interrupted=points is None, seconds=time.monotonic() - began)


async def _walked(settings: Settings, narrator: Narrator) -> list[Point] | None:
    """The judged walk; None where a signal broke it off."""

    async def use(ready: Ready) -> list[Point]:
        async with opened(ready, settings) as world:
            points = judged(await walk(world, narrator))
        narrator.step("Everything stops")
        return points

    def say(announcement: Announcement) -> None:
        narrator.say(str(announcement))

    narrator.step("PostgreSQL, NATS, a cluster and Reprise start")
    try:
        return await while_up(settings, say, use)
    finally:
        narrator.end()
