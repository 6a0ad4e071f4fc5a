"""Takes checkpoints: reads where every trail ends, under one snapshot, and says what has changed since the last."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import structlog

from persistence.chain import Tip
from persistence.checkpoints.entries import (
    PURPOSE,
    VANISHED,
    VERSION,
    Entry,
    TipsDigest,
    digest_of,
    portions,
    taken,
)
from persistence.engine import snapshot
from persistence.signing import Signer

log = structlog.get_logger()
BATCH = 2_000
FULL_EVERY = 168
"""Checkpoints until one has all heads again: a week of hours. What is older may then be dropped, or lost."""
_TIPS = "SELECT id, sequence, chain FROM instances ORDER BY id"


class Checkpoint(NamedTuple):
    """One that is to be kept. `since`: the one it builds upon, 0 where it has all heads; `entries` in their order."""

    number: int
    since: int
    heads: dict[UUID, Tip]
    entries: tuple[Entry, ...]


class Taker:
    """Takes one checkpoint after another. It holds all heads of the last that is kept."""

    def __init__(self, url: str, signer: Signer, installation: str) -> None:
        self._url = url
        self._signer = signer
        self._installation = installation
        self._kept: Checkpoint | None = None
        self._since_full = 0

    @property
    def last_number(self) -> int:
        """Of the last that is kept; 0 where there is none."""
        return self._kept.number if self._kept is not None else 0

    async def take(self, number: int, *, full: bool = False) -> Checkpoint:
        """The next; with all heads where none is kept, or the last such is long ago, or when told.

        Raises DependencyDown.
        """
        heads, digest = await self._read()
        before = None if full or self._since_full + 1 >= FULL_EVERY else self._kept
        return await asyncio.to_thread(self._made, number, before, heads, digest)  # 0.5 s at 100,000 instances

    def _made(self, number: int, before: Checkpoint | None, heads: dict[UUID, Tip], digest: TipsDigest) -> Checkpoint:
        changed = dict(_changed(before.heads, heads)) if before is not None else heads
        since = before.number if before is not None else 0
        identity = str(uuid4())
        document = {
            "version": VERSION,
            "id": identity,
            "installation": self._installation,
            "number": number,
            "since": since,
            "taken_at": datetime.now(UTC).isoformat(),
            "instances": digest.count,
            "digest": digest.hex(),
            "changed": len(changed),
            "changed_digest": digest_of(changed).hex(),
        }
        signed = self._signer.sign(PURPOSE, document)
        return Checkpoint(number, since, heads, (*portions(identity, changed), taken(signed)))

    def keep(self, checkpoint: Checkpoint) -> None:
        """It is in every place where it is to be: the next builds upon it."""
        self._since_full = self._since_full + 1 if checkpoint.since else 0
        self._kept = checkpoint

    async def _read(self) -> tuple[dict[UUID, Tip], TipsDigest]:
        heads: dict[UUID, Tip] = {}
        digest = TipsDigest()
        async with snapshot(self._url, "reprise checkpoint") as connection:
            cursor = await connection.cursor(_TIPS)
            while batch := await cursor.fetch(BATCH):
                for identity, sequence, chain in batch:
                    heads[identity] = tip = Tip(sequence, chain)
                    digest.add(identity, tip)
        return heads, digest


def _changed(before: dict[UUID, Tip], now: dict[UUID, Tip]) -> Iterable[tuple[UUID, Tip]]:
    """What differs; a trail that went back or vanished is no change that Reprise makes, and is logged."""
    for instance_id, tip in now.items():
        known = before.get(instance_id)
        if tip != known:
            if known is not None and tip.sequence <= known.sequence:
                log.error("audit_log.went_back", instance_id=str(instance_id), was=known.sequence, now=tip.sequence)
            yield instance_id, tip
    for instance_id in before.keys() - now.keys():
        # into an archive, or it was removed: `reprise audit verify --archive` tells which
        log.warning("audit_log.instance_left", instance_id=str(instance_id), was=before[instance_id].sequence)
        yield instance_id, VANISHED
