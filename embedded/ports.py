"""Chooses TCP ports once and keeps them, so that addresses that were written down stay true."""

import errno
import random
import socket

from schemas.errors import BadSettings

HOST = "127.0.0.1"
# Below what systems hand out for outgoing connections (Linux: 32768 and up). In that range a client that tries again
# and again to reach a server that is down may be given the server's own port, connect to itself and keep it.
CHOICE = range(10_240, 32_768)


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen there now. Raises BadSettings when this user may not, or has no such address."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # as servers do: connections of an earlier server that are still closing do not hold the port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise BadSettings("REPRISE_PORT", f"cannot listen on {host}:{port}: {error.strerror}") from error
    return True


def choose(taken: frozenset[int] = frozenset()) -> int:
    """A free port of 127.0.0.1 that is none of `taken`; at random, so that two who choose at once hardly collide."""
    while True:
        port = random.choice(CHOICE)  # noqa: S311 - not a secret
        if port not in taken and is_free(port):
            return port


def keep_or_choose(names: tuple[str, ...], known: dict[str, int]) -> dict[str, int]:
    """A port for each name: the known one while it is free, or else a new one."""
    ports: dict[str, int] = {}
    for name in names:
        port = known.get(name)
        if port is None or not is_free(port):
            port = choose(frozenset(known.values()) | frozenset(ports.values()))
        ports[name] = port
    return ports


def for_api(wanted: int, host: str, *, insisted: bool, known: int | None) -> int:
    """The API's port: the one that was asked for, or where that was only a default, the known or a free one.

    Raises BadSettings when somebody insisted on a port that is taken.
    """
    if insisted and wanted:
        if not is_free(wanted, host):
            raise BadSettings("REPRISE_PORT", f"port {wanted} is in use by another program; choose another one")
        return wanted
    for candidate in (known, wanted):
        if candidate and is_free(candidate, host):
            return candidate
    return choose()
