"""A NATS server with JetStream as a child process, from its wheel."""

import asyncio
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from embedded.child import Child
from schemas.errors import DependencyDown

MEGABYTE = 1024 * 1024

# JetStream writes every message to the file at once but asks the disk to keep it (fsync) only this often. Killing the
# server loses nothing; a power cut may lose this much, which Reprise bears: the truth is in PostgreSQL, and a step
# that is overdue is sent again from there.
SYNC_INTERVAL = "10s"


@dataclass(frozen=True)
class Nats:
    """A server of its own in `directory`, on 127.0.0.1:`port`, that asks for `token`.

    `monitoring` is the port of the server's own HTTP pages (/varz, /jsz), which ask for no token; None leaves them out.
    """

    directory: Path
    port: int
    token: str = field(repr=False)
    monitoring: int | None = None

    @property
    def url(self) -> str:
        """nats://… with the token."""
        return f"nats://{self.token}@127.0.0.1:{self.port}"

    def child(self) -> Child:
        """How the server is run. It takes SIGTERM as: stop accepting, flush the streams, end."""
        return Child(
            name="nats",
            command=(str(binary()), "--config", str(self._config)),
            ready=self.ready,
            prepare=self._prepare,
            directory=self.directory,
        )

    async def ready(self) -> bool:
        """Whether it greets with INFO and says that JetStream is on (it greets only once streams are recovered)."""
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    return _jetstream_is_on(await reader.readline())
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    @property
    def _config(self) -> Path:
        return self.directory / "nats.conf"

    async def _prepare(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config.touch(mode=0o600)
        self._config.write_text(json.dumps(self._settings(), indent=2))

    def _settings(self) -> dict[str, object]:
        """The server's configuration; JSON is a subset of its format. In a file: a token in argv is seen by all."""
        settings: dict[str, object] = {
            "server_name": "reprise",
            "host": "127.0.0.1",
            "port": self.port,
            "authorization": {"token": self.token},
            "jetstream": {
                "store_dir": str(self.directory / "jetstream"),
                "max_memory_store": 64 * MEGABYTE,
                "max_file_store": 4096 * MEGABYTE,
                "sync_interval": SYNC_INTERVAL,
            },
        }
        if self.monitoring is not None:
            settings["http"] = f"127.0.0.1:{self.monitoring}"
        return settings


def binary() -> Path:
    """Where nats-server is: beside this Python (the wheel puts it there), or else on the PATH.

    Raises DependencyDown when it is neither.
    """
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise DependencyDown("NATS", "nats-server is not installed here; install the extra `embedded`")
    return Path(found)


def _jetstream_is_on(greeting: bytes) -> bool:
    # b'INFO {"server_id": …, "jetstream": true, …}\r\n'
    verb, _, info = greeting.partition(b" ")
    return verb == b"INFO" and bool(json.loads(info).get("jetstream"))
