"""Follows the audit log: the stream of changes says where something is new, and the log itself what it is.

The stream's sequence is the cursor of a reconnect. Where changes were missed, the log is read again from the last row
that was seen on. Rows are counted by instance, so none is passed over and none comes twice. A row that changed nothing
is no change: it comes with the next change of its instance.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from cli.client import Client, Document
from schemas.errors import BadInput, DependencyDown

PAUSE = 1.0
"""Seconds between attempts to connect."""

PAGE = 500
EARLIER = datetime(1970, 1, 1, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)
"""By how much a row may be written later than its time says: clocks differ, and transactions take their time."""


class Tail:
    """The rows that are written from now on, or since then; of one instance, or of all that the token may see."""

    def __init__(
        self,
        client: Client,
        instance_id: str | None = None,
        since: str | None = None,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._instance_id = instance_id
        self._seen: dict[str, int] = {}
        self._cursor: str | None = None
        self._since = self._latest = _moment(since) if since else self._now()
        self._pause = pause

    def rows(self) -> Iterator[Document]:
        """For ever. Raises what the API refuses: an outage is waited for."""
        told = ""
        while True:
            try:
                for row in self._connected():
                    told = ""
                    yield row
            except DependencyDown as error:
                if str(error) != told:
                    told = str(error)
                    print(f"Waiting: {told}", file=sys.stderr)
                self._pause(PAUSE)

    def _now(self) -> datetime:
        """The time of the newest row, by the clock that wrote it; that row itself is seen."""
        newest = self._client.get("/api/audit", limit=1, instance_id=self._instance_id)["items"]
        for row in newest:
            self._seen[row["instance_id"]] = row["sequence"]
        return _moment(newest[0]["recorded_at"]) if newest else EARLIER

    def _connected(self) -> Iterator[Document]:
        headers = {} if self._cursor is None else {"Last-Event-ID": self._cursor}
        for event in _events(self._client.lines("/api/events", headers=headers, instance_id=self._instance_id)):
            if "retry" in event and self._cursor is None:
                yield from self._missed()  # the stream is open from here on, and what was before it is in the log
            if event.get("event") == "reset":
                yield from self._missed()
            elif event.get("event") == "state.changed":
                yield from self._news(json.loads(event["data"]))
            self._cursor = event.get("id", self._cursor)

    def _missed(self) -> Iterator[Document]:
        """All that was written since the last row that was seen, of whatever instance."""
        since = max(self._since, self._latest - OVERLAP)
        rows = self._all("/api/audit", since=since.isoformat(), order="oldest", instance_id=self._instance_id)
        for instance_id in dict.fromkeys(row["instance_id"] for row in rows):
            yield from self._new_of(instance_id)

    def _news(self, change: Document) -> Iterator[Document]:
        instance_id, sequence = change["instance_id"], change["sequence"]
        if self._seen.get(instance_id, 0) < sequence:
            yield from self._new_of(instance_id, sequence)

    def _new_of(self, instance_id: str, sequence: int | None = None) -> Iterator[Document]:
        """The rows of an instance that were not seen yet; of one that is met first, those since following began."""
        after = self._seen.get(instance_id)
        rows = self._all(f"/api/instances/{instance_id}/audit", after=after)
        for row in sorted(rows, key=lambda row: int(row["sequence"])):
            self._seen[instance_id] = row["sequence"]
            recorded_at = _moment(row["recorded_at"])
            self._latest = max(self._latest, recorded_at)
            if after is not None or recorded_at >= self._since or row["sequence"] == sequence:
                yield row

    def _all(self, path: str, **query: object) -> Iterator[Document]:
        cursor = None
        while True:
            page = self._client.get(path, limit=PAGE, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _moment(text: str) -> datetime:
    """Raises BadInput: a person may have written it."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    raise BadInput("since", "is no time; write it like 2026-01-31T12:00:00Z")


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events as their fields, comments left out.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif not line and fields:
            yield fields
            fields = {}
