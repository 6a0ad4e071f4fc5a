"""A whole Reprise as processes of its own, and hands to have instances made and to see what became of them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from api.tokens import Role, mint_token
from cli.parts import PARTS
from embedded.child import Child
from embedded.probing import answers
from embedded.state import fernet_key
from schemas.settings import Settings
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.waiting import until

SMALL = {"cpu": "50m", "memory": "64Mi", "volume": "1Gi"}


def bare() -> dict[str, str]:
    """This process's environment without what somebody set for a Reprise of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}


def variables(settings: Settings) -> dict[str, str]:
    """The environment that makes these settings."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        f"REPRISE_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
        if value is not None
    }


def served(settings: Settings, parts: Collection[str]) -> Child:
    """`reprise serve --only PART,…`, ready when it serves health on its port."""
    port = settings.port if {"api", "database-service"} & set(parts) else settings.metrics_port
    return Child(
        name="-".join(parts),
        command=(sys.executable, "-m", "cli.main", "serve", "--only", ",".join(parts)),
        ready=lambda: answers("127.0.0.1", port, "/readyz", status=200),
        environment=bare() | variables(settings),
        start_deadline=60.0,
    )


def whole_of(database_url: str, kubeconfig: Path, **other: Any) -> Settings:
    """Settings of everything but where NATS is. What is sent is never sent again by a deadline: a loss would show."""
    chosen = {
        "cluster": "simulated",
        "leader_timeout": 2,
        "overdue_after": 600,
        "overdue_limit": 900,
        "log_level": "warning",
        **other,
    }
    return Settings(
        database_url=database_url,
        kubeconfig=kubeconfig,
        port=free_port(),
        jwt_secret=SecretStr("s" * 32),
        event_key=SecretStr("e" * 32),
        database_keys=SecretStr(fernet_key()),
        console_key=SecretStr(fernet_key()),
        **chosen,
    )


class Installation:
    """A running Reprise, as an admin uses it."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self.settings = settings
        self.http = http

    async def create(self, name: str, **request: Any) -> str:
        """A new instance's id. Asked again until it is accepted: what it waits for may be down just now."""
        body = {"customer_id": "acme", "name": name, **SMALL, **request}
        headers = {"Idempotency-Key": name}

        async def accepted() -> dict[str, Any] | None:
            answer = await self.http.post("/api/instances", json=body, headers=headers)
            assert answer.status_code in (202, 503), answer.text
            return dict(answer.json()) if answer.status_code == 202 else None

        return str((await until(accepted, 60))["id"])

    async def create_many(self, count: int) -> list[str]:
        """So many instances, asked for at once."""
        return list(await asyncio.gather(*(self.create(f"shop-{number}") for number in range(count))))

    async def by_status(self) -> Mapping[str, int]:
        """How many instances have each status; nothing where the API cannot tell just now."""
        answer = await self.http.get("/api/instances", params={"limit": 500})
        if answer.status_code == 503:
            return {}
        found = [instance["status"] for instance in answer.json()["items"]]
        return {status: found.count(status) for status in set(found)}

    async def has_running(self, count: int, timeout: float = 60) -> None:  # noqa: ASYNC109  # a test's own deadline
        """Returns when at least so many run."""

        async def enough() -> bool:
            return (await self.by_status()).get("running", 0) >= count

        await until(enough, timeout, what=f"{count} instances to run", pause=0.2)

    async def instance(self, instance_id: str) -> dict[str, Any]:
        """As the API tells it."""
        answer = await self.http.get(f"/api/instances/{instance_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def reaches(self, instance_id: str, state: str) -> dict[str, Any]:
        """The instance, once it is in that state."""

        async def there() -> dict[str, Any] | None:
            found = await self.instance(instance_id)
            return found if found["state"] == state else None

        found: dict[str, Any] | None = await until(there, 60, what=f"the instance to be {state}", pause=0.2)
        assert found is not None
        return found

    async def trail(self, instance_id: str) -> list[dict[str, Any]]:
        """Its rows of the audit log, oldest first."""
        return list((await self.http.get(f"/api/instances/{instance_id}/audit")).json()["items"])


@asynccontextmanager
async def client_of(settings: Settings, subject: str = "test") -> AsyncIterator[Installation]:
    """The API of these settings, asked as an admin."""
    headers = {"Authorization": f"Bearer {mint_token(settings, Role.ADMIN, subject)}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", headers=headers, timeout=30) as http:
        yield Installation(settings, http)


@asynccontextmanager
async def installation(settings: Settings, *parts: str) -> AsyncIterator[Installation]:
    """All parts (or these) in one process, for as long as the block runs."""
    async with running(served(settings, parts or tuple(PARTS))), client_of(settings) as found:
        yield found
