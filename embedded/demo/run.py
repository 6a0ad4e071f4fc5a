"""Runs the demonstration in a data directory of its own and says whether all of it held."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from cluster.client import Cluster
from cluster.kinds import NAMESPACE
from embedded.announcements import Announcement, Ready
from embedded.demo.checklist import Point, judged
from embedded.demo.narration import Narrator, Stage, Step
from embedded.demo.walk import walk
from embedded.demo.world import opened
from embedded.directory import DataDirectory
from embedded.up import startable, while_up
from schemas.errors import RepriseError
from schemas.settings import Settings

EMBEDDED = {"database_url": "", "nats_url": "", "port": 0}
"""A port that nobody else would take: a `reprise up` may start beside it at the same moment."""


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


async def demonstrate(stage: Stage, **given: object) -> Report:
    """Start everything, walk, judge, stop everything. `given`: which cluster, as settings.

    In a real cluster it takes a namespace of its own, which it removes.
    Raises BadSettings for settings with which nothing can be started; what goes wrong later stands in the report.
    """
    began = time.monotonic()
    narrator = Narrator(stage)
    settings = startable(Settings.load(**EMBEDDED, **given, namespace=f"reprise-demo-{token_hex(4)}"))
    try:
        with _own_directory() as directory:
            points = await _walked(settings.model_copy(update={"data_dir": directory}), narrator)
    except RepriseError as error:
        return Report(narrator.steps, error=str(error), seconds=time.monotonic() - began)
    return Report(narrator.steps, points or [], interrupted=points is None, seconds=time.monotonic() - began)


@contextmanager
def _own_directory() -> Iterator[Path]:
    """A data directory, removed at the end; of a walk that broke off the logs stay, since the error names them."""
    root = Path(tempfile.mkdtemp(prefix="reprise-demo-"))
    doomed = [root]
    try:
        yield root
    except RepriseError:
        doomed = [path for path in root.iterdir() if path != DataDirectory(root).logs]
        raise
    finally:
        for path in doomed:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


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
        await _leave(settings, narrator)
        narrator.end()


async def _leave(settings: Settings, narrator: Narrator) -> None:
    """Remove what a real cluster would keep; a simulated one is gone with everything else."""
    if settings.cluster == "simulated":
        return
    try:
        async with Cluster(settings) as cluster:
            namespace = await cluster.get(NAMESPACE, settings.namespace)
            if namespace is not None:
                await cluster.delete(NAMESPACE, namespace)
        narrator.say(f"namespace {settings.namespace} is being removed")
    except RepriseError as error:
        narrator.say(f"remove namespace {settings.namespace} yourself: {error}")
