"""What is asked for when an instance that exists already is brought in, and what is answered."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from schemas.requests import Closed, InstanceRequest
from schemas.text import DnsLabel, DnsName, LabelValue, Plain, Reason
from schemas.views import PlanLine

Selector = Annotated[str, StringConstraints(max_length=500, pattern=r"^[A-Za-z0-9_./=!,() -]+$")]
"""Labels as kubectl's -l takes them: app.kubernetes.io/instance=shop,tier=web."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=63), Plain]
"""A database, a role: as PostgreSQL limits it."""
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", max_length=253)]


class SecretKey(Closed):
    """One key of a Secret in the namespace of the instances."""

    name: DnsName
    key: Annotated[str, StringConstraints(pattern=r"^[-._A-Za-z0-9]+$", max_length=253)]


class ExistingDatabase(Closed):
    """A database that exists already.

    `server`: the registered server that it is on, or what to call one that is not registered; then `host` is needed.
    The password is given, or stands in a Secret. It is shown nowhere.
    """

    server: LabelValue | None = None
    host: Host | None = None
    port: int = Field(default=5432, ge=1, le=65_535)
    database: Name
    username: Name
    password: SecretStr | None = Field(default=None, min_length=1, max_length=1_000)
    password_secret: SecretKey | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.server is None and self.host is None:
            raise ValueError("name the server: `host`, or `server` where it is registered")
        if (self.password is None) == (self.password_secret is None):
            raise ValueError("give the password, or the Secret and key that hold it: one of the two")
        return self


class ExistingObjects(Closed):
    """What there is of the instance in the cluster.

    The Deployment is named, or the only one with the labels of `selector`. Claims and Secrets that are not named are
    those that its pods use, Services those that select its pods; without a Deployment, those with the labels.
    """

    selector: Selector | None = None
    deployment: DnsName | None = None
    claims: tuple[DnsName, ...] = Field(default=(), max_length=20)
    services: tuple[DnsName, ...] = Field(default=(), max_length=20)
    secrets: tuple[DnsName, ...] = Field(default=(), max_length=20)


class AdoptInstance(Closed):
    """POST /api/instances/adopt: whose it is, what it is called, what there is of it, and its database.

    `id`: the id that it has elsewhere and shall keep. `request` is what it counts for, and what a retry uses where it
    never ran: what is left out is read from the Deployment.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "acme",
                    "name": "shop",
                    "objects": {"deployment": "odoo-shop"},
                    "database": {
                        "host": "pg-1.example.com",
                        "database": "shop",
                        "username": "shop",
                        "password_secret": {"name": "odoo-shop", "key": "db-password"},
                    },
                }
            ]
        }
    )

    id: UUID | None = None
    customer_id: LabelValue
    name: DnsLabel
    objects: ExistingObjects = ExistingObjects()
    database: ExistingDatabase | None = None
    request: InstanceRequest = InstanceRequest()
    reason: Reason = ""


class Inspection(BaseModel):
    """What was found where a database should be. `initialised`: something is in it, or nobody can tell that not."""

    db_server_id: str
    host: str
    port: int
    exists: bool
    initialised: bool


class AdoptionPlan(BaseModel):
    """What adopting would do: nothing has been done. `state`: the one it would be in."""

    dry_run: Literal[True] = True
    allowed: bool
    why_not: str | None
    state: str | None
    request: InstanceRequest
    lines: list[PlanLine]
