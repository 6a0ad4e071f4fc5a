"""Reads, redrives and drops dead letters. What is redriven keeps its story: a header that grows with each failure."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NoStreamResponseError, NotFoundError

from bus.connection import translated
from bus.envelope import MESSAGE_ID
from bus.streams import DEAD_LETTERS_STREAM, STREAM_OF
from schemas.errors import NotFound, Refused

STORY = "dead-letter-story"
CHAPTERS = 10
"""Failures that a story tells of, the latest: headers have no room without end."""
PATIENCE = 2.0
"""Seconds for all that a list shows to arrive."""
_ABOUT = "dead-letter-"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `headers` are the message's own; `story` its failures before this one, oldest first."""

    sequence: int
    at: datetime
    subject: str
    part: str
    error: str
    deliveries: int
    headers: dict[str, str]
    data: bytes
    story: list[dict[str, Any]]


class Letters:
    """The stream of dead letters. Every method raises DependencyDown."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def newest(self, limit: int) -> tuple[list[Letter], int]:
        """Of the last `limit` sequences those that are still there, newest first; and how many there are in all."""
        async with translated():
            try:
                state = (await self._js.stream_info(DEAD_LETTERS_STREAM)).state
            except NotFoundError:  # nothing has made the stream yet
                return [], 0
            first = max(state.first_seq, state.last_seq - limit + 1, 1)
            found = await self._since(first) if state.messages else []
        return found[::-1], state.messages

    async def _since(self, first: int) -> list[Letter]:
        """From this sequence on, by a consumer that reads them in one go: a request for each would take ten times as
        long.
        """
        made = await self._js.add_consumer(DEAD_LETTERS_STREAM, _reading(first))
        subscription = await self._js.pull_subscribe_bind(consumer=made.name, stream=DEAD_LETTERS_STREAM)
        try:
            messages = await subscription.fetch(made.num_pending, timeout=PATIENCE) if made.num_pending else []
        except TimeoutError:  # what there was has been redriven or dropped meanwhile
            return []
        finally:
            await subscription.unsubscribe()
            await self._js.delete_consumer(DEAD_LETTERS_STREAM, made.name)
        return [_of(each) for each in messages]

    async def get(self, sequence: int) -> Letter:
        """The one of this sequence. Raises NotFound."""
        async with translated():
            found = await self._find(sequence)
        if found is None:
            raise NotFound(f"There is no dead letter {sequence}; it may have been redriven or dropped")
        return found

    async def redrive(self, letter: Letter, actor: str, reason: str) -> None:
        """Into the subject that it came by, once more; it leaves the dead letters when the server has it.

        A crash in between leaves it there: redriven twice it is the same event, and decided once. Raises Refused where
        nothing takes its subject any more.
        """
        headers = {STORY: _told(letter, actor, reason), **letter.headers, MESSAGE_ID: str(uuid4())}
        async with translated():
            try:
                stream = STREAM_OF[letter.part]
                await self._js.publish(letter.subject, letter.data, headers=headers, stream=stream)
            except (KeyError, NoStreamResponseError, NoRespondersError) as error:
                raise Refused(f"No part takes {letter.subject}; drop it") from error
        await self.drop(letter.sequence)

    async def drop(self, sequence: int) -> None:
        """For good. Raises NotFound."""
        async with translated():
            try:
                await self._js.delete_msg(DEAD_LETTERS_STREAM, sequence)
            except NotFoundError as error:
                raise NotFound(f"There is no dead letter {sequence}") from error

    async def _find(self, sequence: int) -> Letter | None:
        try:
            found = await self._js.get_msg(DEAD_LETTERS_STREAM, sequence)
        except NotFoundError:
            return None
        return _read(found.seq or 0, found.time or datetime.now(UTC), found.headers or {}, found.data or b"")


def _reading(first: int) -> ConsumerConfig:
    """A consumer that the server forgets by itself, should nobody remove it."""
    return ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=first,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=30,
        mem_storage=True,
        num_replicas=1,
    )


def _of(message: Msg) -> Letter:
    about = message.metadata
    return _read(about.sequence.stream, about.timestamp, message.headers or {}, message.data)


def _read(sequence: int, at: datetime, headers: dict[str, str], data: bytes) -> Letter:
    return Letter(
        sequence=sequence,
        at=at,
        subject=headers.get("dead-letter-subject", ""),
        part=headers.get("dead-letter-part", ""),
        error=headers.get("dead-letter-error", ""),
        deliveries=int(headers.get("dead-letter-deliveries", "0")),
        headers={name: value for name, value in headers.items() if not name.lower().startswith((_ABOUT, "nats-"))},
        data=data,
        story=json.loads(headers.get(STORY, "[]")),
    )


def _told(letter: Letter, actor: str, reason: str) -> str:
    failure = {"at": letter.at.isoformat(), "part": letter.part, "error": letter.error, "deliveries": letter.deliveries}
    redriven = {"redriven_at": datetime.now(UTC).isoformat(), "redriven_by": actor, "reason": reason}
    return json.dumps([*letter.story, failure | redriven][-CHAPTERS:])
