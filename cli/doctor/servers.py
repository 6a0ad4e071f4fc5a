"""Checks of what Reprise needs: PostgreSQL, NATS, the cluster."""

import asyncpg
import nats.errors
import nats.js.errors

from bus.connection import connected, jetstream
from cluster.client import Cluster
from cluster.cloudnativepg import require
from cluster.kinds import CLAIM, DEPLOYMENT, JOB, NODE, POD, SECRET, SERVICE, STATEFUL_SET
from cluster.profiles import Profiles
from persistence import migrate
from schemas.counting import count_of
from schemas.errors import ClusterRefused, DependencyDown, RepriseError
from schemas.settings import Settings

OLDEST_POSTGRESQL = 14
USED = (DEPLOYMENT, STATEFUL_SET, JOB, POD, CLAIM, SERVICE, SECRET)


async def postgresql(settings: Settings) -> str:
    """It answers, and is not too old."""
    connection = await _connection(settings)
    try:
        major, version = connection.get_server_version().major, connection.get_settings().server_version
    finally:
        await connection.close()
    if major < OLDEST_POSTGRESQL:
        raise RepriseError(f"PostgreSQL {version} is too old; {OLDEST_POSTGRESQL} or later is needed")
    return f"PostgreSQL {version}"


async def schema(settings: Settings) -> str:
    """The schema is that of this version of Reprise."""
    head = migrate.wanted()
    connection = await _connection(settings)
    try:
        found = await migrate.found(connection)
    finally:
        await connection.close()
    if found != head:
        raise RepriseError(f"the schema is at {found or 'nothing'}, this version of Reprise needs {head}")
    return f"at {head}"


async def bus(settings: Settings) -> str:
    """NATS answers, and JetStream is on."""
    settings.required("nats_url")
    async with connected(settings, "doctor") as client:
        try:
            account = await jetstream(client).account_info()
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise RepriseError("NATS answers, but JetStream is not enabled") from error
        version = client.connected_server_version
        streams = count_of(account.streams, "stream")
        return f"NATS {version.major}.{version.minor}.{version.patch}, JetStream with {streams}"


async def cluster(settings: Settings) -> str:
    """The cluster answers, and lets us look at what we use."""
    async with Cluster(settings) as found:
        version = await found.version()
        for kind in USED:
            try:
                await found.select(kind)
            except ClusterRefused as error:
                raise RepriseError(f"may not list {kind.plural} in namespace {settings.namespace}: {error}") from error
        if Profiles.load(settings).database_server.provider == "cloudnativepg":
            await require(found)
        nodes = await found.select(NODE)
    return f"{settings.cluster}, {version}, {count_of(len(nodes), 'node')}"


async def _connection(settings: Settings) -> "asyncpg.Connection[asyncpg.Record]":
    settings.required("database_url")
    try:
        return await asyncpg.connect(settings.database_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DependencyDown("postgresql", str(error) or type(error).__name__) from error
