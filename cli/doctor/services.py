"""Checks of Reprise itself: the API with our token, and the database-service."""

import asyncio
from urllib.parse import urlsplit

from cli.client import Client
from cli.target import Target, target
from schemas.errors import DependencyDown
from schemas.settings import Settings


async def api(_: Settings) -> str:
    """It answers, works, and takes our token."""
    return await asyncio.to_thread(_ask_api, target())


def _ask_api(where: Target) -> str:
    client = Client(where, timeout=5)
    client.get("/readyz")
    client.get("/api/instances", limit=1)
    return f"{where.url}, and it takes the token"


async def database_service(settings: Settings) -> str:
    """It answers where the effects look for it."""
    url = settings.database_service_url or f"http://{settings.host}:{settings.port}"
    if not urlsplit(url).hostname:
        raise DependencyDown("database-service", f"{url!r} is no address")
    await asyncio.to_thread(Client(Target(url.rstrip("/"), ""), timeout=5).get, "/healthz")
    return url
