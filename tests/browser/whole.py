"""The whole product, as `reprise up` starts it, and an admin's hands in it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from embedded.directory import DataDirectory
from embedded.environment import nats
from embedded.state import read
from schemas.settings import Settings
from tests.support.installation import Installation, client_of
from tests.support.up import Up


@asynccontextmanager
async def whole() -> AsyncIterator[Installation]:
    """Everything on free ports, with a simulated cluster of one node of 4 CPUs and 8 GiB, while the block runs.

    Its directory is not below pytest's own, as in tests/support/postgres.py.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-test-", ignore_cleanup_errors=True) as directory:
        up = Up(Path(directory) / "data")
        try:
            await up.ready()
            async with client_of(settings_of(up.directory)) as found:
                yield found
        finally:
            up.stop()


def settings_of(directory: DataDirectory) -> Settings:
    """What one needs to make tokens for it and to reach it and its cluster."""
    state = read(directory)
    return Settings(
        cluster="simulated",
        port=state.ports["api"],
        jwt_secret=SecretStr(state.secrets["jwt"]),
        console_key=SecretStr(state.secrets["console_key"]),
        nats_url=nats(state, directory).url,
        kubeconfig=directory.kubeconfig,
    )
