"""Runs a control plane until Ctrl-C: `python -m tests.controlplane`; with `build` it only builds the program."""

import signal
import sys
import tempfile
from pathlib import Path

from tests.controlplane.building import program
from tests.controlplane.running import control_plane_in
from tests.controlplane.toolchain import GoMissing


def main() -> None:
    """Raises SystemExit with what is missing."""
    try:
        if sys.argv[1:] == ["build"]:
            print(program())  # noqa: T201 - this is a command
        else:
            _serve()
    except GoMissing as missing:
        raise SystemExit(str(missing)) from missing


def _serve() -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="control-plane-") as directory, control_plane_in(Path(directory)) as found:
        print(f"KUBECONFIG={found.kubeconfig}", flush=True)  # noqa: T201 - this is a command
        signal.pause()


if __name__ == "__main__":
    main()
