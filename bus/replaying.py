"""Past events sent again, for others: where they may go, and one after the other into the stream that stores them.

They are marked with `replay: true` and the replay's id, and not signed: with the mark taken off they are still no facts
that a part of Reprise would believe.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid5

from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js import errors as js_errors
from nats.js.api import RawStreamMsg

from bus.connection import UNREACHABLE, translated
from bus.streams import STREAMS
from persistence.replay_steps import Chosen, Destination, Sent
from schemas import cloudevents
from schemas.errors import BadInput, DependencyDown

PATIENCE = 2.0
"""Seconds for the events of one step; less than PostgreSQL lets a transaction idle."""
OUTCOME, POSITION = "replay-outcome", "replay-position"
_WAKING = "reprise"
_OWN = frozenset({_WAKING, *(subject.partition(".")[0] for each in STREAMS for subject in each.subjects or ())})
"""The first word of every subject that Reprise's parts listen to, or that tells others what has happened."""
_REFUSED = "is a subject of Reprise's own: past events there would look like what happens now. Choose one of your own"


async def destination(js: JetStreamContext, subject: str) -> str:
    """The stream that stores the subject. Raises BadInput where there may be no replay to it, DependencyDown."""
    if subject.partition(".")[0] in _OWN:
        raise BadInput("to", f"{subject} {_REFUSED}, like replay.{subject.partition('.')[0]}")
    async with translated():
        try:
            return await js.find_stream_name_by_subject(subject)
        except js_errors.NotFoundError as error:
            how = f"make one first, like: nats stream add REPLAY --subjects {subject} --defaults"
            raise BadInput("to", f"no stream stores {subject}, so the events would be lost; {how}") from error


class Resender:
    """Sends the events of one step in their order, each once the one before is in the stream."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._known: dict[UUID, int] = {}

    async def send(self, to: Destination, events: Sequence[Chosen]) -> Sent:
        """How far it came; failures of NATS are told in it, so that what was sent is kept."""
        sent = events[0].position - 1
        try:
            async with asyncio.timeout(PATIENCE):
                stored = await self._stored(to, sent)
                for each in events:
                    if each.position > stored:
                        await self._publish(to, each)
                    sent = self._known[to.replay_id] = each.position
        except (js_errors.NoStreamResponseError, NoRespondersError):
            return Sent(sent, refused=f"no stream stores {to.subject} any more")
        except (js_errors.BadRequestError, js_errors.NotFoundError) as error:
            return Sent(sent, refused=f"the stream {to.stream} refuses: {error.description}")
        except UNREACHABLE as error:  # a stream that is full is among them: it may have room again
            self._known.pop(to.replay_id, None)
            return Sent(sent, down=DependencyDown("nats", _told(error)))
        return Sent(sent)

    async def _publish(self, to: Destination, event: Chosen) -> None:
        headers, data = cloudevents.replayed(event.event, to.replay_id, uuid5(to.replay_id, str(event.event_id)))
        headers |= {OUTCOME: event.outcome, POSITION: str(event.position)}
        await self._js.publish(to.subject, data, headers=headers, stream=to.stream)

    async def _stored(self, to: Destination, sent: int) -> int:
        """Up to which position the stream has them, when it is not certain that `sent` is all: the last one tells.

        Whoever sent before may have ended between an event and the note of it, and longer ago than the server drops
        what comes twice.
        """
        if self._known.get(to.replay_id) == sent:
            return sent
        try:
            last = await self._js.get_last_msg(to.stream, to.subject)
        except js_errors.NotFoundError:
            return sent
        return max(sent, _position(last, to.replay_id))


def _told(error: Exception) -> str:
    return getattr(error, "description", None) or str(error) or type(error).__name__


def _position(message: RawStreamMsg, replay_id: UUID) -> int:
    headers = message.headers or {}
    mine = headers.get("replay-id") == str(replay_id)
    return int(headers[POSITION]) if mine else 0
