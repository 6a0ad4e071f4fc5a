"""The demonstration's own eyes: the HTTP API as its users have it, and past it PostgreSQL, the cluster and the bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from api.tokens import Role, mint_token
from bus.connection import connected, jetstream
from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, SECRET, SERVICE, STATEFUL_SET, Kind, Object
from cluster.names import DATABASE, ODOO, labels, selector
from embedded.announcements import Ready
from embedded.directory import DataDirectory
from embedded.environment import completed
from embedded.state import read
from persistence.writer import utc_now
from schemas import cloudevents
from schemas.errors import DependencyDown, Refused
from schemas.events import Actor, Event, wish
from schemas.requests import Closed
from schemas.settings import Settings
from schemas.types import EventType

Document = dict[str, Any]
ATTEMPT_KINDS = (DEPLOYMENT, CLAIM, SERVICE, SECRET)
SERVER_KINDS = (STATEFUL_SET, CLAIM, SERVICE, SECRET)


@dataclass(frozen=True)
class World:
    """Everything that runs; `settings` are those of its parts."""

    settings: Settings
    http: httpx.AsyncClient
    database: "asyncpg.Connection[asyncpg.Record]"
    cluster: Cluster

    @property
    def is_simulated(self) -> bool:
        """Whether the cluster is one that can be made to grow."""
        return self.settings.cluster == "simulated"

    async def get(self, path: str, **query: Any) -> Document:
        """GET as an admin. Raises Refused with the API's own sentence, DependencyDown where it does not answer."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Document) -> Document:
        """POST as an admin. Raises as `get` does."""
        return await self._ask("POST", path, json=body)

    async def credentials(self, instance: Document) -> Document:
        """What the database-service hands out for the instance, asked as the effects ask it."""
        token = mint_token(self.settings, Role.SERVICE, "demo")
        body = {name: instance[name] for name in ("customer_id", "db_type")} | {"instance_id": instance["id"]}
        headers = {"Authorization": f"Bearer {token}"}
        return await self._ask("POST", "/api/database/allocate", json=body, headers=headers)

    async def publish(self, instance_id: str, event_type: EventType, data: Closed, reason: str) -> Event:
        """A wish on the bus, unsigned, as any other system would send it."""
        event = wish(event_type, UUID(instance_id), Actor("demo", "another-system"), utc_now(), data, reason=reason)
        async with connected(self.settings, "demo") as client:
            headers = {**cloudevents.headers(event), "Nats-Msg-Id": str(uuid4())}
            await jetstream(client).publish(cloudevents.subject(event), cloudevents.data(event), headers=headers)
        return event

    async def instance(self, instance_id: str) -> Document:
        """The instance as the API tells it."""
        return await self.get(f"/api/instances/{instance_id}")

    async def row(self, instance_id: str) -> Document:
        """The instance as PostgreSQL has it."""
        found = await self.database.fetchrow("SELECT * FROM instances WHERE id = $1", UUID(instance_id))
        return dict(found) if found is not None else {}

    async def audit(self, instance_id: str) -> list[Document]:
        """Its audit log, in order, as the API tells it."""
        page = await self.get(f"/api/instances/{instance_id}/audit", limit=1000)
        return list(page["items"])

    async def rows_with(self, secret: str) -> int:
        """How many rows of instances, audit log and outbox hold this text."""
        found = await self.database.fetchval(_ROWS_WITH, secret)
        return int(found)

    async def objects(self, instance_id: str) -> list[Object]:
        """What the attempts of the instance have in the cluster."""
        return await self._select(ATTEMPT_KINDS, instance_id, ODOO)

    async def server(self, instance_id: str) -> list[Object]:
        """Its dedicated database server."""
        return await self._select(SERVER_KINDS, instance_id, DATABASE)

    async def pods(self, instance_id: str) -> list[Object]:
        """The pods of its attempts."""
        return await self._select((POD,), instance_id, ODOO)

    async def _ask(self, method: str, path: str, **more: Any) -> Document:
        try:
            response = await self.http.request(method, path, **more)
        except httpx.TransportError as error:
            raise DependencyDown("Reprise", str(error) or type(error).__name__) from error
        found: Document = response.json()
        if response.is_error:
            raise Refused(str(found.get("detail", response.status_code)))
        return found

    async def _select(self, kinds: tuple[Kind, ...], instance_id: str, role: str) -> list[Object]:
        mine = selector(labels(self.cluster.installation, UUID(instance_id), role))
        return [{"kind": kind.name, **each} for kind in kinds for each in await self.cluster.select(kind, mine)]


_ROWS_WITH = """
SELECT (SELECT count(*) FROM instances i WHERE position($1 in i::text) > 0)
     + (SELECT count(*) FROM audit_log WHERE position(convert_to($1, 'UTF8') in event) > 0)
     + (SELECT count(*) FROM outbox WHERE position(convert_to($1, 'UTF8') in body) > 0)
"""


@asynccontextmanager
async def opened(ready: Ready, given: Settings) -> AsyncIterator[World]:
    """The world of a `reprise up` that is ready and was started with `given`."""
    directory = DataDirectory(ready.data_dir)
    settings = completed(given, read(directory), directory)
    headers = {"Authorization": f"Bearer {ready.token}", "User-Agent": "reprise-demo"}
    database = await asyncpg.connect(
        settings.database_url, server_settings={"default_transaction_read_only": "on", "application_name": "demo"}
    )
    try:
        client = httpx.AsyncClient(base_url=ready.url, headers=headers, timeout=30)
        async with client as http, Cluster(settings) as cluster:
            yield World(settings, http, database, cluster)
    finally:
        await database.close()
