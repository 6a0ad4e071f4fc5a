"""What is said to the database-service and what it answers."""

from uuid import UUID

from pydantic import ConfigDict, Field

from schemas.payloads import DatabaseRef, ReceiptLine
from schemas.requests import Closed, DatabaseType
from schemas.text import LabelValue, Message


class AllocateRequest(Closed):
    """Give this instance its database."""

    instance_id: UUID
    customer_id: LabelValue
    db_type: DatabaseType = "shared"


class EmptyRequest(Closed):
    """Make this instance's database empty again, because its attempt failed half-way through the initialisation."""

    instance_id: UUID
    attempt: int = Field(ge=1, le=2**31 - 1)


class ReleaseRequest(Closed):
    """Remove this instance's database for good."""

    instance_id: UUID


class Access(Closed):
    """A database that exists already and how to log in to it; `server` is the id of a registered one, or a new one's.

    The password shows in no repr and in no error of validation.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    server: LabelValue | None = None
    host: Message | None = None
    port: int = Field(default=5432, ge=1, le=65_535)
    database: Message
    username: Message
    password: str = Field(min_length=1, repr=False)


class AdoptRequest(Closed):
    """From now on this database is the instance's."""

    model_config = ConfigDict(hide_input_in_errors=True)

    instance_id: UUID
    customer_id: LabelValue
    db_type: DatabaseType
    access: Access


class Allocation(DatabaseRef):
    """A database and how to log in to it. The password shows in no repr and in no error of validation."""

    model_config = ConfigDict(hide_input_in_errors=True)

    password: str = Field(min_length=1, repr=False)

    def reference(self) -> DatabaseRef:
        """The same without the password: all that may stand in an event."""
        return DatabaseRef.model_validate(self.model_dump(exclude={"password"}))


class Done(Closed):
    """What became of each object."""

    objects: tuple[ReceiptLine, ...]


class Waiting(Closed):
    """It is under way; ask again after the seconds in the header Retry-After."""

    waiting: str
