"""Free ports for what a test starts."""

from embedded.ports import choose


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    return choose()
