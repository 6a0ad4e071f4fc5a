"""What the database-service needs of others and is given: servers in a cluster, and a hold on an instance's row."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from schemas.payloads import ReceiptLine


class ServerHost(Protocol):
    """Runs dedicated PostgreSQL servers. Each call asks, looks, and raises NotYet until what was asked for is seen.

    All are idempotent, and all may raise ClusterDown and ClusterRefused.
    """

    async def ensure(
        self, instance_id: UUID, customer_id: str, name: str, password: str, database: str, username: str
    ) -> tuple[str, int]:
        """The server `name` with this database and its owner; answers host and port."""
        ...

    async def empty(self, instance_id: UUID, database: str, username: str) -> None:
        """The database is dropped and made again, empty, with the same owner. Called again after NotYet."""
        ...

    async def remove(self, instance_id: UUID) -> list[ReceiptLine]:
        """Everything of the server, its volume and Secret too, is gone; what became of each object."""
        ...


class Held(Protocol):
    """What does not change while an instance is held."""

    @property
    def has_run(self) -> bool:
        """Whether a customer has ever worked with it."""
        ...

    @property
    def attempt(self) -> int:
        """Which attempt it is at."""
        ...


class InstanceGuard(Protocol):
    """Keeps an instance from moving while something irrevocable is done to its database."""

    def holding(self, instance_id: UUID) -> AbstractAsyncContextManager[Held | None]:
        """The instance, locked for as long as the block runs; None where there is none. Raises DependencyDown."""
        ...
