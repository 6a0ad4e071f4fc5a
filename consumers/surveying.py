"""Compares instances that rest with the cluster, all of them or some, once: for whoever verifies the records."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.answers import Expired
from cluster.client import Cluster
from cluster.kinds import Kind
from cluster.names import ADOPTED, INSTALLATION, INSTANCE, ROLE, selector
from cluster.removal import server_kinds
from consumers.watching.agreeing import RESTING, Found, disagreements
from consumers.watching.cache import WATCHED
from consumers.watching.slim import slim
from persistence import instances
from statemachine.instance import Instance

TOLD = 3
"""Sentences about one instance that are told; the others are counted."""

Objects = Mapping[UUID, Sequence[Found]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One instance, and in what the cluster is not as its row wants it."""

    instance_id: UUID
    why: str


@dataclass(slots=True)
class Survey:
    """How many instances were compared, and how many were not since they are on their way."""

    compared: int = 0
    moving: int = 0


class Surveyor:
    """`grace`: how many seconds a failing container may fail before that counts."""

    def __init__(self, engine: AsyncEngine, cluster: Cluster, grace: float) -> None:
        self._engine = engine
        self._cluster = cluster
        self._grace = grace

    async def census(self, instance_id: UUID | None = None) -> Objects:
        """The objects of all instances, or of one. Raises ClusterDown, ClusterRefused."""
        found: dict[UUID, list[Found]] = defaultdict(list)
        one = {} if instance_id is None else {INSTANCE: str(instance_id)}
        labels = selector({INSTALLATION: self._cluster.installation, **one})
        for kind in dict.fromkeys((*WATCHED, *await server_kinds(self._cluster))):
            for identity, each in await self._listed(kind, labels):
                found[identity].append(each)
        return found

    async def _listed(self, kind: Kind, labels: str) -> list[tuple[UUID, Found]]:
        """Page by page, keeping little of each object; once more from the start where it changed too much meanwhile."""
        while True:
            try:
                async with aclosing(self._cluster.pages(kind, labels)) as pages:
                    return [found async for page in pages for each in page.objects if (found := _whose(kind, each))]
            except Expired:
                continue

    async def compare(
        self, pages: AsyncIterator[Sequence[Instance]], objects: Objects, survey: Survey
    ) -> AsyncIterator[Disagreement]:
        """What differs of these rows, read since `objects` were; what differs at first is looked at once more."""
        async for rows in pages:
            for row in rows:
                if row.state not in RESTING:
                    survey.moving += 1
                    continue
                survey.compared += 1
                if self._differs(row, objects) and (whys := await self._again(row)):
                    yield Disagreement(row.id, _told(whys))

    async def unknown(self, objects: Objects) -> AsyncIterator[Disagreement]:
        """Objects of instances that have no row; what was adopted is left out: it may be anybody's."""
        known = await instances.get_many(self._engine, objects)
        for identity in sorted(objects.keys() - known.keys()):
            names = [each.name for each in objects[identity] if ADOPTED not in each.object["metadata"]["labels"]]
            if names:
                yield Disagreement(identity, f"no such instance is known, and there are {_told(names)}")

    async def _again(self, row: Instance) -> list[str]:
        """With both sides read afresh, for either may have moved between the two; nothing where the row has."""
        objects = await self.census(row.id)
        now = await instances.get(self._engine, row.id)
        return self._differs(now, objects) if now is not None and now.step == row.step else []

    def _differs(self, row: Instance, objects: Objects) -> list[str]:
        return disagreements(row, objects.get(row.id, ()), datetime.now(UTC), self._grace)


def _told(sentences: Sequence[str]) -> str:
    more = len(sentences) - TOLD
    return "; ".join(sentences[:TOLD]) + (f"; and {more} more" if more > 0 else "")


def _whose(kind: Kind, found: dict[str, object]) -> tuple[UUID, Found] | None:
    labels = found["metadata"]["labels"]  # type: ignore[index]  # it was selected by one
    try:
        identity = UUID(labels.get(INSTANCE, ""))
    except ValueError:
        return None
    return identity, Found(kind, labels.get(ROLE, ""), slim(found))
