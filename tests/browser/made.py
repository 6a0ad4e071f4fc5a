"""Instances as a test needs them, made through the API and removed when the test is over."""

from typing import Any

from embedded.resizing import resize
from tests.support.installation import Installation
from tests.support.names import unique

TOO_MUCH = {"cpu": "6", "patience": "2s"}
"""More than the node has; it need not wait long to see that."""
ROOMY, AS_IT_WAS = "32", "4"
"""CPUs of the node. Its memory stays as it is: the example's instance that waits for memory goes on waiting."""
Document = dict[str, Any]


class Made:
    """Makes them, and knows what it has made."""

    def __init__(self, reprise: Installation) -> None:
        self._reprise = reprise
        self._ids: list[str] = []

    def by_hand(self, identity: str) -> None:
        """The test has made it in the browser."""
        self._ids.append(identity)

    async def instance(self, state: str, **request: Any) -> Document:
        """A new one, once it is in that state."""
        identity = await self._reprise.create(request.pop("name", unique()), **request)
        self._ids.append(identity)
        return await self._reprise.reaches(identity, state)

    async def running(self, **request: Any) -> Document:
        """A small one."""
        return await self.instance("running", **request)

    async def failed(self, **request: Any) -> Document:
        """One that found no room, and is clean."""
        return await self.instance("error", **TOO_MUCH, **request)

    async def waiting(self, **request: Any) -> Document:
        """One that waits for room, and goes on waiting."""
        return await self.instance("deploying", **{**TOO_MUCH, "patience": "24h"}, **request)

    async def room(self) -> None:
        """From now on there is room for it all."""
        await resize(self._reprise.settings, ROOMY, None)

    async def clear(self) -> None:
        """Remove what was made, and the room."""
        for identity in self._ids:
            answer = await self._reprise.http.delete(f"/api/instances/{identity}", params={"now": "true"})
            assert answer.status_code in (202, 400), answer.text  # 400: the test has deleted it itself
        await resize(self._reprise.settings, AS_IT_WAS, None)
