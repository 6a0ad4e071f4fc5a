"""Three NATS servers as one JetStream cluster, run with the configuration that install/ ships."""

import asyncio
import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from embedded.child import Child
from embedded.nats import binary
from embedded.probing import answers
from tests.support.ports import free_port
from tests.support.running import running

CONFIGURATION = Path(__file__).parents[2] / "install" / "nats" / "nats.conf"
NAMES = ("nats-0", "nats-1", "nats-2")
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """One of them; `routes` leads to all."""

    name: str
    directory: Path
    port: int
    monitor: int
    route: int
    token: str = field(repr=False)

    def child(self, routes: str) -> Child:
        """How it is run. It is ready when it has caught up with the others."""
        variables = {
            "NATS_NAME": self.name,
            "NATS_LISTEN": f"{HOST}:{self.port}",
            "NATS_MONITOR": f"{HOST}:{self.monitor}",
            "NATS_TOKEN": self.token,
            "NATS_STORE": str(self.directory),
            "NATS_CLUSTER_LISTEN": f"{HOST}:{self.route}",
            "NATS_ROUTES": routes,
        }
        return Child(
            name=self.name,
            command=(str(binary()), "--config", str(CONFIGURATION)),
            ready=lambda: answers(HOST, self.monitor, "/healthz", status=200),
            environment=os.environ | variables,
        )


class NatsCluster:
    """All three. Each may be killed, and started again on what it has kept."""

    def __init__(self, directory: Path) -> None:
        token = f"t{secrets.token_urlsafe()}"  # one that begins with a digit is read as a number
        self._servers = {
            name: Server(name, directory / name, free_port(), free_port(), free_port(), token) for name in NAMES
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """What REPRISE_NATS_URL is: all three, separated by commas."""
        return ",".join(f"nats://{server.token}@{HOST}:{server.port}" for server in self._servers.values())

    async def start(self, *names: str) -> None:
        """Start these, and return when each is ready; two must run for any to be."""
        routes = "[" + ", ".join(f"nats://{HOST}:{server.route}" for server in self._servers.values()) + "]"
        contexts = [running(self._servers[name].child(routes)) for name in names]
        processes = await asyncio.gather(*map(self._stack.enter_async_context, contexts))
        self._running.update(zip(names, processes, strict=True))

    def kill(self, name: str) -> None:
        """With SIGKILL: it says good-bye to nobody."""
        self._running[name].kill()
        self._running[name].wait()

    async def stop(self) -> None:
        """All that still run."""
        await self._stack.aclose()


@asynccontextmanager
async def nats_cluster(directory: Path) -> AsyncIterator[NatsCluster]:
    """Three servers that are ready, stopped at the end."""
    cluster = NatsCluster(directory)
    try:
        await cluster.start(*NAMES)
        yield cluster
    finally:
        await cluster.stop()
