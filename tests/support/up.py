"""A `reprise up` in a process of its own, as people run it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil

from embedded.directory import DataDirectory
from tests.support.installation import bare
from tests.support.ports import free_port
from tests.support.waiting import until

COMMAND = (sys.executable, "-m", "cli.main", "up")


class Up:
    """A running `reprise up` whose data lies in `root`; what it says is in a file beside that.

    It insists on a port of its own, unless `settings` say otherwise; one that is None is not set.
    """

    def __init__(self, root: Path, **settings: str | None) -> None:
        self.directory = DataDirectory(root)
        wanted = {"REPRISE_DATA_DIR": str(root), "REPRISE_PORT": str(free_port()), **settings}
        self.environment = bare() | {name: value for name, value in wanted.items() if value is not None}
        self._output = root.with_suffix(".out")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._output.open("wb") as output:
            return subprocess.Popen(COMMAND, env=self.environment, stdout=output, stderr=output)  # noqa: S603 - ours

    @property
    def said(self) -> str:
        """All that it has written so far."""
        return self._output.read_text()

    @property
    def logged(self) -> str:
        """The end of each child's log."""
        logs = sorted(self.directory.logs.glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs)

    async def ready(self) -> None:
        """Returns when it says that it is."""

        def is_ready() -> bool:
            assert self.process.poll() is None, f"{self.said}\n{self.logged}"
            return "Reprise is ready at" in self.said

        await until(is_ready, 90)

    def start_again(self) -> None:
        """After it has ended."""
        self.process = self._start()

    def stop(self) -> None:
        """End it, and all that it has started."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(90)

    def pid(self, name: str) -> int | None:
        """Of the child with that name, while there is one."""
        entries = json.loads(self.directory.roster.read_text())
        pid: int | None = entries.get(name, {}).get("pid")
        return pid

    async def kill(self, name: str) -> None:
        """Kill a child with SIGKILL and wait until another process has taken its place."""
        before = self.pid(name)
        assert before is not None
        os.kill(before, signal.SIGKILL)
        await until(lambda: self.pid(name) not in (None, before), 30, what=f"a new {name}")

    def tree(self) -> list[psutil.Process]:
        """It and all its children."""
        process = psutil.Process(self.process.pid)
        return [process, *process.children(recursive=True)]

    async def status(self, path: str) -> int:
        """How the API answers to what client.json says; 0 when it does not."""
        client = json.loads(self.directory.client.read_text())
        async with httpx.AsyncClient(base_url=client["url"], timeout=5) as http:
            try:
                return (await http.get(path, headers={"Authorization": f"Bearer {client['token']}"})).status_code
            except httpx.TransportError:
                return 0

    async def works(self) -> bool:
        """Whether everything answers."""
        return (await self.status("/readyz"), await self.status("/api/instances")) == (200, 200)
