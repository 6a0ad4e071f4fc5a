"""The whole product, as `reprise up` starts it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from embedded.environment import nats, postgres
from embedded.state import read
from schemas.settings import Settings
from tests.support.installation import Installation, client_of
from tests.support.up import Up


@asynccontextmanager
async def started(**settings: str) -> AsyncIterator[Up]:
    """Everything on free ports, with a simulated cluster of one node of 4 CPUs and 8 GiB, while the block runs.

    Its directory is not below pytest's own, as in tests/support/postgres.py.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-test-", ignore_cleanup_errors=True) as directory:
        up = Up(Path(directory) / "data", **settings)
        try:
            await up.ready()
            yield up
        finally:
            up.stop()


@asynccontextmanager
async def whole(subject: str = "test", **settings: str) -> AsyncIterator[Installation]:
    """The same, in the hands of an admin of that name."""
    async with started(**settings) as up, client_of(settings_of(up), subject) as found:
        yield found


def settings_of(up: Up) -> Settings:
    """What one needs to make tokens for it and to reach it and its cluster."""
    state = read(up.directory)
    return Settings(
        cluster="simulated",
        port=state.ports["api"],
        jwt_secret=SecretStr(state.secrets["jwt"]),
        console_key=SecretStr(state.secrets["console_key"]),
        database_url=postgres(state, up.directory).url(),
        nats_url=nats(state, up.directory).url,
        kubeconfig=up.directory.kubeconfig,
    )
