"""Follows the changes of one kind for one watcher: what it may see, in order, without a gap."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from embedded.simulated import objects
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.selectors import Matcher
from embedded.simulated.status import StatusError
from embedded.simulated.store import Change, Store

Event = dict[str, Any]
# As the real API server: about every minute, and shortly before the watch's own end.
BOOKMARK_INTERVAL = 60.0
BOOKMARK_BEFORE_END = 2.0
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Request:
    """What one watcher asked for; `since` None means: first everything there is, then what changes."""

    kind: Kind
    namespace: str
    matcher: Matcher | None
    since: int | None
    bookmarks: bool
    # Says by a bookmark where the present state ends and the changes begin (sendInitialEvents).
    mark_initial: bool
    seconds: float


class Watch:
    """One watcher's cursor over the store's history."""

    def __init__(self, store: Store, request: Request) -> None:
        self._store, self._request = store, request
        self._changed = asyncio.Event()
        self._cursor = store.revision if request.since is None else request.since

    async def events(self) -> AsyncGenerator[Event, None]:
        """Watch events until the asked time is over. A history that is gone ends in one ERROR event (410)."""
        stop = self._store.listen(self._notice)
        try:
            for event in self._initial():
                yield event
            async for event in self._following():
                yield event
        except StatusError as refused:
            yield {"type": "ERROR", "object": refused.body()}
        finally:
            stop()

    def _notice(self, change: Change) -> None:
        if change.kind is self._request.kind:
            self._changed.set()
        elif not self._changed.is_set():
            # Others' changes are seen by being none of ours; else a quiet kind's history would seem to be lost.
            self._cursor = change.revision

    def _initial(self) -> list[Event]:
        if self._request.since is not None:
            return []
        self._cursor = self._store.revision
        found = [obj for obj in self._store.select(self._request.kind, self._request.namespace) if self._sees(obj)]
        events: list[Event] = [{"type": "ADDED", "object": obj} for obj in found]
        if self._request.mark_initial:
            events.append(self._bookmark({INITIAL_EVENTS_END: "true"}))
        return events

    async def _following(self) -> AsyncGenerator[Event, None]:
        end = time.monotonic() + self._request.seconds
        bookmark = self._next_bookmark(end)
        while True:
            self._changed.clear()
            for change in self._store.since(self._cursor):
                self._cursor = change.revision
                if (event := self._event(change)) is not None:
                    yield event
            if time.monotonic() >= end:
                return
            if time.monotonic() >= bookmark:
                yield self._bookmark({})
                bookmark = self._next_bookmark(end)
            await self._wait(min(end, bookmark))

    async def _wait(self, until: float) -> None:
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0.001)):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _next_bookmark(self, end: float) -> float:
        if not self._request.bookmarks:
            return end
        moment = time.monotonic()
        near_end = end - BOOKMARK_BEFORE_END
        return min(moment + BOOKMARK_INTERVAL, near_end if near_end > moment else end)

    def _bookmark(self, annotations: dict[str, str]) -> Event:
        metadata: dict[str, Any] = {"resourceVersion": str(self._cursor), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind = self._request.kind
        return {
            "type": "BOOKMARK",
            "object": {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata},
        }

    def _event(self, change: Change) -> Event | None:
        if change.kind is not self._request.kind:
            return None
        was = change.before is not None and self._sees(change.before)
        now = change.after is not None and self._sees(change.after)
        if now:
            return {"type": "MODIFIED" if was else "ADDED", "object": change.after}
        if was:
            return {"type": "DELETED", "object": change.tombstone or _departed(change)}
        return None

    def _sees(self, obj: Object) -> bool:
        request = self._request
        if request.namespace and objects.namespace(obj) != request.namespace:
            return False
        return request.matcher is None or request.matcher(obj)


def _departed(change: Change) -> Object:
    """An object that still is but left the selection: shown as it was, under the revision at which it left."""
    before = change.before or {}
    return {**before, "metadata": {**before["metadata"], "resourceVersion": str(change.revision)}}
