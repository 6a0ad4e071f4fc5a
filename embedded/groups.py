"""Which parts share a process under `reprise up`: imports alone cost 110 MB a process. Production runs each alone."""

import sys
from collections.abc import Mapping

from embedded.child import Child
from embedded.probing import answers

GROUPS: Mapping[str, tuple[str, ...]] = {
    "service": ("api", "database-service", "console"),
    "workers": ("lifecycle", "relay", "database", "cluster", "watcher"),
}


def group(name: str, environment: Mapping[str, str]) -> Child:
    """How one group of parts is run. It is ready when it answers /healthz: alive, whatever its dependencies do."""
    host, port = reachable(environment["REPRISE_HOST"]), int(environment["REPRISE_PORT"])
    return Child(
        name=name,
        command=(sys.executable, "-m", "cli.main", "serve", "--only", ",".join(GROUPS[name])),
        ready=lambda: answers(host, port, "/healthz", status=200),
        environment=environment,
        start_deadline=60.0,
        stop_deadline=15.0,
    )


def reachable(host: str) -> str:
    """An address under which a server that listens on `host` is reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
