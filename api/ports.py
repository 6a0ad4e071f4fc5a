"""What the API asks of the cluster and the databases, so that it can be given the real ones or none."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cluster.adoption import Survey
from cluster.orphans import Known, Orphan
from cluster.resources import Resource
from databases.messages import Access
from databases.servers import SharedServer
from schemas.adoption import ExistingObjects, Inspection
from schemas.payloads import DatabaseRef
from schemas.requests import DatabaseType
from schemas.views import Capacity, DatabaseServerView, Foreseen
from statemachine.instance import Instance


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of the cluster: what it is and what it is called, and what else is worth saying of it."""

    kind: str
    name: str
    note: str = ""


class Room(Protocol):
    """How much room there is."""

    async def capacity(self, instance: Instance) -> Capacity:
        """Whether its next attempt would fit now. Raises ClusterDown, BadInput for a profile that does not exist."""


class Objects(Protocol):
    """The objects of instances in the cluster."""

    async def existing(self, instance: Instance) -> Sequence[Thing]:
        """What is there now, of any attempt. Raises ClusterDown."""

    async def servers(self, instance: Instance) -> Sequence[Thing]:
        """What is there of its dedicated database server. Raises ClusterDown."""

    async def resources(self, instance: Instance) -> Sequence[Resource]:
        """What is there now, of any attempt and of its database server, and how it is. Raises ClusterDown."""

    async def admin_password(self, instance: Instance) -> str:
        """The password that Odoo's user admin was given, '' where none is kept. Raises ClusterDown."""

    async def orphans(self, known: Known) -> Sequence[Orphan]:
        """What no instance wants. Raises ClusterDown, and what `known` raises."""

    async def remove_orphans(self, unwanted: Sequence[Orphan]) -> list[Orphan]:
        """Removes them; those that were there still. Raises ClusterDown."""

    def planned(self, instance: Instance) -> Sequence[Thing]:
        """What an attempt with these values makes; pure."""

    def expected(self, instance: Instance) -> Sequence[Thing]:
        """What the present attempt is to have, by the names that were found where it was adopted; pure."""


class Existing(Protocol):
    """What there is in the cluster of instances that Reprise did not make. Every method may raise ClusterDown."""

    @property
    def installation(self) -> str:
        """This Reprise's name on the objects that are its own."""

    async def survey(self, wanted: ExistingObjects, now: datetime) -> Survey:
        """Look at what was named or can be found. Raises BadInput where it is not clear what is meant."""

    async def take(self, instance: Instance, found: Survey) -> None:
        """Label what was found as the instance's own."""

    async def secret_value(self, name: str, key: str) -> str:
        """One value of a Secret, '' where it has none."""


class Databases(Protocol):
    """The database-service. Every method may raise DependencyDown and DatabaseRefused."""

    async def reachable(self) -> None:
        """It answers."""

    async def inspect(self, access: Access) -> Inspection:
        """Whether a database exists, and whether anything is in it."""

    async def adopt(self, instance_id: UUID, customer_id: str, db_type: DatabaseType, access: Access) -> DatabaseRef:
        """From now on it is the instance's, and the password is kept."""

    async def servers(self) -> Sequence[DatabaseServerView]:
        """All of them, by id."""

    async def foreseen(self) -> Foreseen:
        """Where a shared database would go now."""

    async def add_server(self, server: SharedServer) -> None:
        """Adds one, or takes over what has changed."""

    async def drain_server(self, server_id: str, *, drained: bool) -> None:
        """Begins or ends a drain."""


Check = Callable[[], Awaitable[None]]
"""Raises, or takes long, where a dependency does not answer."""
