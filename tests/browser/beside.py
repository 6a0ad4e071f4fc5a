"""A second console and API beside those of `reprise up`, with settings of their own, over the same instances."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from embedded.environment import completed
from embedded.state import read
from schemas.settings import Settings
from tests.support.installation import served
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.up import Up


@asynccontextmanager
async def beside(up: Up, **other: Any) -> AsyncIterator[Settings]:
    """Its settings, for as long as the block runs."""
    port = free_port()
    found = completed(Settings(cluster="simulated", port=port), read(up.directory), up.directory)
    given = {name: getattr(found, name) for name in found.model_fields_set}
    own = {"port": port, "metrics_port": port, "api_url": f"http://127.0.0.1:{port}", "log_level": "warning"}
    settings = Settings(**{**given, **own, **other})
    async with running(served(settings, ("api", "console"))):
        yield settings
