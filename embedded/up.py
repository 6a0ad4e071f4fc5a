"""`reprise up`: everything Reprise needs on one machine, and Reprise itself, as children of one process."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from pydantic import SecretStr

from api.tokens import Role, mint_token
from console.sessions import Sessions
from embedded import environment
from embedded.announcements import Announce, LeftBehind, Ready, recording
from embedded.child import Child
from embedded.cluster import SimulatedCluster
from embedded.directory import DataDirectory, exclusively, write_private
from embedded.groups import GROUPS, group
from embedded.migrating import migrate
from embedded.ports import Claims
from embedded.roster import end_leftovers
from embedded.state import State, remembered
from embedded.supervisor import Supervisor
from schemas.settings import Settings

Result = TypeVar("Result")
TOKEN_LIFETIME = timedelta(days=365)  # a new one is made at each start; its key lies in the same private directory


def startable(settings: Settings) -> Settings:
    """These settings, if they suffice for a start. Raises BadSettings for a real cluster that is not named."""
    is_pod = "KUBERNETES_SERVICE_HOST" in os.environ
    return settings if settings.cluster == "simulated" or is_pod else settings.required("kubeconfig")


async def up(settings: Settings, announce: Announce) -> None:
    """Start everything, keep it running until SIGINT, SIGTERM or SIGHUP, stop everything. Raises as `while_up` does."""
    await while_up(settings, announce, _until_interrupted)


async def while_up(settings: Settings, announce: Announce, use: Callable[[Ready], Awaitable[Result]]) -> Result | None:
    """Start everything, let `use` run while it serves, stop everything; returns what `use` did.

    Returns None when a signal (SIGINT, SIGTERM, SIGHUP) ended it early. To be run in the main thread.
    What `settings` names (a database, a NATS server, a real cluster) is used; what it leaves open is embedded.
    Raises Conflict when another `reprise up` uses the data directory, BadSettings for one that cannot be used,
    NotStarted when a child does not start.
    """
    with exclusively(settings.data_dir) as directory, Claims() as claims:
        announce = recording(announce, directory.logs / "supervisor.log")
        for name in await end_leftovers(directory.roster):
            announce(LeftBehind(name))
        state = remembered(directory, settings, claims)
        async with Supervisor(directory, announce) as supervisor:
            ready = await _start(supervisor, settings, state, directory)
            announce(ready)
            return await use(ready)
        return None


async def _start(supervisor: Supervisor, settings: Settings, state: State, directory: DataDirectory) -> Ready:
    for child in servers(settings, state, directory):
        await supervisor.start(child)
    environments = {name: environment.for_group(name, settings, state, directory) for name in GROUPS}
    await migrate(environments["service"])
    for name, variables in environments.items():
        await supervisor.start(group(name, variables))
    url, token = environment.api_url(settings, state), _token(settings, state)
    ready = Ready(url, token, f"{url}/sign-in/{_sessions(settings, state).code(token)}", directory.root)
    write_private(directory.client, {"url": ready.url, "token": ready.token})
    return ready


async def _until_interrupted(ready: Ready) -> None:
    await asyncio.Event().wait()


def servers(settings: Settings, state: State, directory: DataDirectory) -> list[Child]:
    """What Reprise's parts need and `settings` does not say where to find, in the order to start it."""
    children = []
    if not settings.database_url:
        children.append(environment.postgres(state, directory).child())
    if not settings.nats_url:
        children.append(environment.nats(state, directory).child())
    if settings.cluster == "simulated":
        children.append(_cluster(state, directory).child())
    return children


def _token(settings: Settings, state: State) -> str:
    secret = settings.jwt_secret or SecretStr(state.secrets["jwt"])
    return mint_token(
        settings.model_copy(update={"jwt_secret": secret}), Role.ADMIN, "reprise-up", lifetime=TOKEN_LIFETIME
    )


def _sessions(settings: Settings, state: State) -> Sessions:
    given = settings.console_key
    return Sessions(given.get_secret_value() if given else state.secrets["console_key"])


def _cluster(state: State, directory: DataDirectory) -> SimulatedCluster:
    token = state.secrets["cluster_token"]
    return SimulatedCluster(directory.root / "cluster", state.ports["cluster"], directory.kubeconfig, token)
