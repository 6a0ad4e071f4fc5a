"""The servers on which shared databases are made: those of the settings are registered at the start."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import ConfigDict, Field, SecretStr, TypeAdapter, ValidationError
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from databases.failures import transaction
from databases.secrets import Vault
from databases.tables import database_servers
from schemas.errors import BadSettings
from schemas.remedies import first_problem
from schemas.requests import Closed
from schemas.settings import Settings
from schemas.text import LabelValue

SETTING = "REPRISE_SHARED_SERVERS"
EMBEDDED = "embedded"
EMBEDDED_CAPACITY = 1_000


class ServerAccess(Closed):
    """How a PostgreSQL server is reached. `user` may create roles and databases; `capacity` counts databases."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"host": "pg-2.example.com", "user": "reprise", "password": "…", "capacity": 200}]
        }
    )

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(default=5432, ge=1, le=65_535)
    user: str = Field(min_length=1, max_length=63)
    password: SecretStr
    capacity: int = Field(ge=1, le=1_000_000)


class SharedServer(ServerAccess):
    """A PostgreSQL server for shared databases, by the name under which it is registered."""

    id: LabelValue


_SERVERS = TypeAdapter(Annotated[tuple[SharedServer, ...], Field(max_length=1_000)])


def shared_servers(settings: Settings) -> tuple[SharedServer, ...]:
    """The servers of the settings; where none are named, the one of `database_url`. Raises BadSettings."""
    if settings.shared_servers is None:
        return (_embedded(settings.required("database_url").database_url),)
    try:
        servers = _SERVERS.validate_json(settings.shared_servers.get_secret_value())
    except ValidationError as error:
        # not chained: pydantic's own text shows what was given, passwords too
        path, sentence = first_problem(error)
        raise BadSettings(SETTING, f"{path}: {sentence}" if path else sentence) from None
    _refuse_twins(servers)
    return servers


def _refuse_twins(servers: Sequence[SharedServer]) -> None:
    seen: set[str] = set()
    for server in servers:
        if server.id in seen:
            raise BadSettings(SETTING, f"names the server {server.id} twice; each needs an id of its own")
        seen.add(server.id)


def _embedded(url: str) -> SharedServer:
    try:
        parts = urlsplit(url)
        if "," in parts.netloc:
            raise ValueError("several hosts")
        return SharedServer(
            id=EMBEDDED,
            host=parts.hostname or "",
            port=parts.port or 5432,
            user=unquote(parts.username or ""),
            password=SecretStr(unquote(parts.password or "")),
            capacity=EMBEDDED_CAPACITY,
        )
    except ValueError:  # pydantic's ValidationError is one; not chained, for the URL holds a password
        raise BadSettings(
            "REPRISE_DATABASE_URL",
            f"names no single host, port and user for shared servers; set {SETTING}",
        ) from None


async def register(engine: AsyncEngine, vault: Vault, servers: Sequence[SharedServer]) -> None:
    """Adds the servers, or takes over what has changed in their address, account and capacity.

    Which are drained stays as it is: that is for people to say, and must outlive every restart. A server that is named
    no longer stays too, since its databases do. May run by several at once. Raises DependencyDown.
    """
    named = sorted(servers, key=lambda server: server.id)  # one order for all, so that none waits in a circle
    async with transaction(engine) as connection:
        for server in named:
            await connection.execute(_upsert(server, vault))


def _upsert(server: SharedServer, vault: Vault) -> Insert:
    values = {
        "host": server.host,
        "port": server.port,
        "username": server.user,
        "password": vault.encrypt(server.password.get_secret_value()),
        "capacity": server.capacity,
    }
    statement = insert(database_servers).values(id=server.id, kind="shared", **values)
    return statement.on_conflict_do_update(index_elements=["id"], set_={**values, "updated_at": func.now()})


async def close_to_tenants(engine: AsyncEngine) -> None:
    """Where instances have their databases beside Reprise's own: their roles cannot connect to Reprise's.

    Raises DependencyDown.
    """
    async with transaction(engine) as connection:
        name = (await connection.execute(text("SELECT quote_ident(current_database())"))).scalar_one()
        await connection.execute(text(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"))
