"""The simulated cluster as a child process."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from embedded.child import Child
from embedded.ports import HOST
from embedded.probing import answers


@dataclass(frozen=True)
class SimulatedCluster:
    """One node of the given size (Kubernetes quantities), on 127.0.0.1:`port`; its state lies in `directory`.

    The size is what a new cluster begins with: one that was resized keeps its size.
    """

    directory: Path
    port: int
    kubeconfig: Path
    token: str = field(repr=False)
    cpu: str = "4"
    memory: str = "8Gi"

    def child(self) -> Child:
        """How it is run."""
        return Child(
            name="cluster",
            # `--name=value`: a random token may begin with a hyphen
            command=(
                *(sys.executable, "-m", "embedded.simulated"),
                *(f"--port={self.port}", f"--data={self.directory}", f"--kubeconfig={self.kubeconfig}"),
                *(f"--node-cpu={self.cpu}", f"--node-memory={self.memory}", f"--token={self.token}"),
            ),
            ready=lambda: answers(HOST, self.port, "/readyz"),
            prepare=self._prepare,
        )

    async def _prepare(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
