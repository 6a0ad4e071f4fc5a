"""Asks the database-service over HTTP. aiohttp, since the client of the Kubernetes API brings it along anyway."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar
from uuid import UUID

import aiohttp
import orjson
from pydantic import BaseModel, ValidationError

from databases.messages import (
    Access,
    AdoptRequest,
    AllocateRequest,
    Allocation,
    Done,
    EmptyRequest,
    ReleaseRequest,
)
from databases.servers import SharedServer
from schemas.adoption import Inspection
from schemas.errors import DatabaseRefused, DependencyDown, NotYet
from schemas.payloads import DatabaseRef, ReceiptLine
from schemas.requests import Closed, DatabaseType
from schemas.text import cleaned
from schemas.views import DatabaseServers, DatabaseServerView, Foreseen

Answer = TypeVar("Answer", bound=BaseModel)
NAME = "database-service"
TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
"""Longer than the service allows itself, so that it is the one that gives up and says why."""

REFUSALS = frozenset({400, 409, 413, 415, 422})
"""What is wrong with the request itself. Others (401 while keys are changed, 404 of a proxy) may pass."""

MAX_WAIT = 60.0


class DatabaseClient:
    """An `async with` block long. Each method raises NotYet with the seconds to wait, DependencyDown where the service
    or what it needs does not answer, and DatabaseRefused with the service's sentence."""

    def __init__(self, url: str, token: Callable[[], str], timeout: aiohttp.ClientTimeout = TIMEOUT) -> None:
        """`url`: where the service is (http://host:port). `token`: a valid one of role service, asked for each call."""
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout

    async def __aenter__(self) -> Self:
        """Connections are opened when they are needed."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the connections."""
        await self._session.close()

    async def allocate(self, instance_id: UUID, customer_id: str, db_type: str) -> Allocation:
        """The instance's database with its present password, made where it is not there."""
        body = {"instance_id": instance_id, "customer_id": customer_id, "db_type": db_type}
        return await self._ask("allocate", AllocateRequest.model_validate(body), Allocation)

    async def empty(self, instance_id: UUID, attempt: int) -> None:
        """Empties the database of an instance that never ran, once an attempt."""
        await self._ask("empty", EmptyRequest(instance_id=instance_id, attempt=attempt), Done)

    async def release(self, instance_id: UUID) -> list[ReceiptLine]:
        """Removes the database for good; what became of each object."""
        return list((await self._ask("release", ReleaseRequest(instance_id=instance_id), Done)).objects)

    async def inspect(self, access: Access) -> Inspection:
        """Whether a database exists that Reprise did not make, and whether anything is in it."""
        return await self._ask("inspect", access, Inspection)

    async def adopt(self, instance_id: UUID, customer_id: str, db_type: DatabaseType, access: Access) -> DatabaseRef:
        """Notes it as the instance's own. May be repeated."""
        wanted = AdoptRequest(instance_id=instance_id, customer_id=customer_id, db_type=db_type, access=access)
        return await self._ask("adopt", wanted, DatabaseRef)

    async def servers(self) -> list[DatabaseServerView]:
        """All servers for shared databases."""
        return _read(DatabaseServers, await self._send("GET", "servers")).items

    async def foreseen(self) -> Foreseen:
        """Where a shared database would go now."""
        return _read(Foreseen, await self._send("GET", "servers/foreseen"))

    async def add_server(self, server: SharedServer) -> None:
        """Adds a server for shared databases, or takes over what has changed."""
        access = {**server.model_dump(exclude={"id"}), "password": server.password.get_secret_value()}
        await self._send("PUT", f"servers/{server.id}", orjson.dumps(access))

    async def drain_server(self, server_id: str, *, drained: bool) -> None:
        """Begins or ends a drain."""
        await self._send("POST", f"servers/{server_id}/{'drain' if drained else 'undrain'}")

    async def reachable(self) -> None:
        """Whether it answers at all; that asks for no token. Raises DependencyDown."""
        with _down():
            async with self._session.get(f"{self._url}/healthz", allow_redirects=False) as found:
                if found.status != 200:
                    raise DependencyDown(NAME, f"HTTP status {found.status}")

    async def _ask(self, what: str, body: Closed, answer: type[Answer]) -> Answer:
        return _read(answer, await self._send("POST", what, body.model_dump_json().encode()))

    async def _send(self, method: str, what: str, data: bytes | None = None) -> bytes:
        """The body of an answer that is one; what any other means, as an exception."""
        status, retry_after, raw = await self._exchange(method, what, data)
        if status in (200, 204):
            return raw
        if status == 202:
            raise NotYet(_said(raw, "waiting") or f"{what} is under way", after=retry_after)
        sentence = _said(raw, "detail") or f"HTTP status {status}"
        if status in REFUSALS:
            raise DatabaseRefused(sentence)
        raise DependencyDown(NAME, sentence, retry_after=retry_after)

    async def _exchange(self, method: str, what: str, data: bytes | None) -> tuple[int, float, bytes]:
        headers = {"Authorization": f"Bearer {self._token()}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self._url}/api/database/{what}"
        with _down():
            # redirects are not followed: the token is for this address alone
            asked = self._session.request(method, url, data=data, headers=headers, allow_redirects=False)
            async with asked as found:
                return found.status, _seconds(found.headers.get("Retry-After")), await found.read()


@contextmanager
def _down() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise DependencyDown(NAME, cleaned(str(error), 300) or type(error).__name__) from error


def _read(answer: type[Answer], raw: bytes) -> Answer:
    try:
        return answer.model_validate_json(raw)
    except ValidationError:
        # not chained: the text of the error may show the password
        raise DependencyDown(NAME, "its answer is none that it should give") from None


def _said(raw: bytes, field: str) -> str:
    try:
        document: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return ""
    value = document.get(field) if isinstance(document, dict) else None
    return cleaned(value) if isinstance(value, str) else ""


def _seconds(header: str | None) -> float:
    """Retry-After in seconds; a date, which nobody of ours sends, counts as one second."""
    try:
        return min(max(float(header or 1), 0.1), MAX_WAIT)
    except ValueError:
        return 1.0
