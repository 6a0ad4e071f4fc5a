"""Publishes many messages at once into JetStream, and learns of each whether the server took it, or why it did not."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg

_STATUS = "Status"
_NOBODY = "503"


class Outgoing(NamedTuple):
    """A message to be published."""

    subject: str
    data: bytes
    headers: Mapping[str, str]


class Pipeline:
    """All answers come to one subscription, on a subject that ends in the number of the message.

    nats-py's `publish_async` does the same with a future for each, and drops a refusal on its way: a full stream looks
    there like a server that is silent.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = ""
        self._first = 0
        self._refusals: list[str | None] = []
        self._missing = 0
        self._complete = asyncio.Event()

    async def publish(self, messages: Iterable[Outgoing], seconds: float) -> list[str | None]:
        """For each message None where the server has it, and otherwise why not; waits at most so many `seconds`.

        One call at a time. Raises what nats-py raises where the connection is not there.
        """
        await self._listen()
        sent = list(messages)
        self._first += len(self._refusals)  # an answer that comes too late has a number below it
        self._refusals = [f"no acknowledgement within {seconds:g} s"] * len(sent)
        self._missing = len(sent)
        self._complete.clear()
        for number, (subject, data, headers) in enumerate(sent, start=self._first):
            await self._client.publish(subject, data, reply=f"{self._inbox}{number}", headers=dict(headers))
        if sent:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._complete.wait()
        return self._refusals

    async def _listen(self) -> None:
        if not self._inbox:
            inbox = f"{self._client.new_inbox()}."
            await self._client.subscribe(f"{inbox}*", cb=self._answered)
            self._inbox = inbox

    async def _answered(self, message: Msg) -> None:
        number = int(message.subject[len(self._inbox) :]) - self._first
        if number < 0:
            return
        self._refusals[number] = _refusal(message)
        self._missing -= 1
        if not self._missing:
            self._complete.set()


def _refusal(message: Msg) -> str | None:
    if b'"error"' in message.data:
        error = json.loads(message.data)["error"]
        return str(error.get("description") or error)
    if message.headers and message.headers.get(_STATUS) == _NOBODY:
        return "no stream takes it"
    return None
