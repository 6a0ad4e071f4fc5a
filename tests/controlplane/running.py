"""Runs a control plane, whose parts can be killed and started again one by one."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.child import Child
from tests.controlplane.building import program
from tests.controlplane.layout import Layout
from tests.controlplane.parts import parts
from tests.support.running import start, stop
from tests.support.waiting import until

NODES = 2


class ControlPlane:
    """A control plane that runs: the processes end with whoever started them, even when that is killed."""

    def __init__(self, layout: Layout, children: list[Child]) -> None:
        self.layout = layout
        self._children = {child.name: child for child in children}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def kubeconfig(self) -> Path:
        """Of its admin."""
        return self.layout.kubeconfig

    def kill(self, name: str) -> None:
        """As a machine's failure does: kill -9, and nothing is said to anybody."""
        process = self._processes[name]
        process.kill()
        process.wait()

    async def start(self, name: str) -> None:
        """Start a part that was killed, and wait until it serves."""
        path = self.layout.directory / f"{name}.log"
        with path.open("ab") as log:
            try:
                self._processes[name] = await start(self._children[name], log)
            except BaseException as error:
                error.add_note(f"{name} said last:\n{path.read_text(errors='replace')[-4000:]}")
                raise

    async def ready(self) -> None:
        """Wait until the API server serves again: it may have lost its database for a while."""
        await until(self._children["kube-apiserver"].ready, 60)

    def stop(self) -> None:
        """End all of it, last started first."""
        for name, process in reversed(self._processes.items()):
            stop(self._children[name], process)

    async def start_all(self) -> None:
        """Start every part, each once those before it serve."""
        for name in self._children:
            await self.start(name)


@contextmanager
def control_plane_in(directory: Path, nodes: int = NODES) -> Iterator[ControlPlane]:
    """A new control plane with so many nodes of 4 CPUs and 8 GiB, for as long as the block lasts."""
    layout = Layout(directory)
    layout.write()
    found = ControlPlane(layout, parts(program(), layout, nodes))
    try:
        asyncio.run(found.start_all())
        yield found
    finally:
        found.stop()
