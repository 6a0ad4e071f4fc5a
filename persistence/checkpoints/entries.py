"""What a checkpoint is made of: entries of JSON, alike in the stream and as lines of the file.

First the heads that changed since an earlier checkpoint (all of them where there is none), in portions; then the signed
word that they are all. Without that last entry the others count for nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from persistence.chain import START, Tip

VERSION = 1
PURPOSE = "reprise checkpoint"
PORTION = 4_000
"""Heads in one entry: less than half of the MiB that NATS takes as one message."""


VANISHED = START
"""The end of a trail that an earlier checkpoint had, and that is no more."""
Heads = Mapping[UUID, Tip]


class Entry(NamedTuple):
    """One entry: its subject in the stream, and its bytes, which have no line break."""

    subject: str
    data: bytes


HEADS_SUBJECT = "checkpoints.heads"
TAKEN_SUBJECT = "checkpoints.taken"


class TipsDigest:
    """SHA-256 over instances in the order of their ids, each with where its trail ends."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0

    def add(self, instance_id: UUID, tip: Tip) -> None:
        """The next."""
        self._digest.update(instance_id.bytes + tip.sequence.to_bytes(4, "big") + tip.hash)
        self.count += 1

    def hex(self) -> str:
        """Over all that were added."""
        return self._digest.hexdigest()


def digest_of(heads: Heads) -> TipsDigest:
    """Over all of these."""
    digest = TipsDigest()
    for instance_id in sorted(heads, key=lambda each: each.bytes):
        digest.add(instance_id, heads[instance_id])
    return digest


def portions(checkpoint_id: str, heads: Heads) -> Iterator[Entry]:
    """The entries that hold these heads."""
    listed = [[str(instance_id), tip.sequence, tip.hash.hex()] for instance_id, tip in heads.items()]
    for start in range(0, len(listed), PORTION):
        portion = {"kind": "heads", "checkpoint": checkpoint_id, "heads": listed[start : start + PORTION]}
        yield Entry(HEADS_SUBJECT, orjson.dumps(portion))


def taken(document: Mapping[str, Any]) -> Entry:
    """The entry that ends a checkpoint."""
    return Entry(TAKEN_SUBJECT, orjson.dumps({"kind": "checkpoint", "document": document}))


def heads_of(listed: Iterable[Any]) -> dict[UUID, Tip]:
    """The heads in one entry. Raises ValueError, TypeError where they are none."""
    return {UUID(identity): Tip(int(sequence), bytes.fromhex(digest)) for identity, sequence, digest in listed}
