"""oidc-provider-mock as the identity provider, in a process of its own: it signs in whoever it is told to."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from embedded.child import Child
from embedded.probing import answers
from tests.support.installation import bare
from tests.support.ports import free_port
from tests.support.running import running

PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "olivia": {"groups": ["staff", "reprise-admins"]},
    "carl": {"groups": ["customer-acme"]},
    "nora": {"groups": ["staff"]},
}
SETTINGS = {
    "oidc_client_id": "reprise",
    "oidc_client_secret": "a secret",
    "oidc_roles": '{"reprise-admins": "admin", "customer-*": "customer:*"}',
}


def provider(port: int, *options: str) -> Child:
    """It knows these people; anybody else may sign in, too, and is in no group."""
    people = [part for sub, claims in PEOPLE.items() for part in ("--user-claims", json.dumps({"sub": sub, **claims}))]
    return Child(
        name="identity-provider",
        command=(sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), *people, *options),
        ready=lambda: answers("127.0.0.1", port, "/.well-known/openid-configuration", status=200),
        environment=bare(),
        start_deadline=60.0,
    )


@asynccontextmanager
async def vouching(*options: str) -> AsyncIterator[str]:
    """Its issuer: another site than 127.0.0.1, as a browser sees it."""
    port = free_port()
    async with running(provider(port, *options)):
        yield f"http://localhost:{port}"
