"""Chooses TCP ports once and keeps them, so that addresses that were written down stay true."""

import errno
import random
import socket
from typing import Self

from schemas.errors import BadSettings

HOST = "127.0.0.1"
# Below what systems hand out for outgoing connections (Linux: 32768 and up). In that range a client that tries again
# and again to reach a server that is down may be given the server's own port, connect to itself and keep it.
CHOICE = range(10_240, 32_768)


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen there now. Raises BadSettings when this user may not, or has no such address."""
    with socket.socket(_family(host)) as probe:
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


class Claims:
    """The ports that one `reprise up` has chosen, its own from the choice on, though servers listen there only later.

    Each is held by a UDP socket of the same number, which keeps no TCP server from listening there; the kernel lets go
    of it with the process, however that ends.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for claim in self._held:
            claim.close()

    def claim(self, port: int, host: str = HOST) -> bool:
        """Whether it was free, and is ours from now on. Raises BadSettings as `is_free` does."""
        if not is_free(port, host):
            return False
        claim = socket.socket(_family(host), socket.SOCK_DGRAM)
        try:
            claim.bind((host, port))
        except OSError:
            claim.close()
            return False
        self._held.append(claim)
        return True

    def keep_or_choose(self, names: tuple[str, ...], known: dict[str, int]) -> dict[str, int]:
        """A port for each name: the known one while it is free, or else a new one."""
        ports: dict[str, int] = {}
        for name in names:
            port = known.get(name)
            ports[name] = port if port is not None and self.claim(port) else self.choose(frozenset(known.values()))
        return ports

    def choose(self, avoided: frozenset[int] = frozenset()) -> int:
        """A free port of 127.0.0.1 that is none of `avoided`."""
        while not self.claim(port := choose(avoided)):
            pass
        return port

    def for_api(self, wanted: int, host: str, *, insisted: bool, known: int | None) -> int:
        """The API's port: the one that was asked for, or where that was only a default, the known or a free one.

        Raises BadSettings when somebody insisted on a port that is taken.
        """
        if insisted and wanted:
            if not self.claim(wanted, host):
                raise BadSettings("REPRISE_PORT", f"port {wanted} is in use by another program; choose another one")
            return wanted
        for candidate in (known, wanted):
            if candidate and self.claim(candidate, host):
                return candidate
        return self.choose()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
