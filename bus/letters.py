"""Reads, redrives and drops dead letters. What is redriven keeps its story: a header that grows with each failure."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NoStreamResponseError, NotFoundError

from bus.connection import translated
from bus.envelope import MESSAGE_ID
from bus.streams import DEAD_LETTERS_STREAM, STREAM_OF
from schemas.errors import NotFound, Refused

STORY = "dead-letter-story"
CHAPTERS = 10
"""Failures that a story tells of, the latest: headers have no room without end."""
AT_ONCE = 50
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
            last, first = state.last_seq, max(state.first_seq, state.last_seq - limit + 1, 1)
            found: list[Letter] = []
            for top in range(last, first - 1, -AT_ONCE):
                some = range(top, max(top - AT_ONCE, first - 1), -1)
                found += [each for each in await asyncio.gather(*map(self._find, some)) if each is not None]
        return found, state.messages

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
            return _read(await self._js.get_msg(DEAD_LETTERS_STREAM, sequence))
        except NotFoundError:
            return None


def _read(message: RawStreamMsg) -> Letter:
    headers: dict[str, str] = message.headers or {}
    return Letter(
        sequence=message.seq or 0,
        at=message.time or datetime.now(UTC),
        subject=headers.get("dead-letter-subject", ""),
        part=headers.get("dead-letter-part", ""),
        error=headers.get("dead-letter-error", ""),
        deliveries=int(headers.get("dead-letter-deliveries", "0")),
        headers={name: value for name, value in headers.items() if not name.lower().startswith((_ABOUT, "nats-"))},
        data=message.data or b"",
        story=json.loads(headers.get(STORY, "[]")),
    )


def _told(letter: Letter, actor: str, reason: str) -> str:
    failure = {"at": letter.at.isoformat(), "part": letter.part, "error": letter.error, "deliveries": letter.deliveries}
    redriven = {"redriven_at": datetime.now(UTC).isoformat(), "redriven_by": actor, "reason": reason}
    return json.dumps([*letter.story, failure | redriven][-CHAPTERS:])
