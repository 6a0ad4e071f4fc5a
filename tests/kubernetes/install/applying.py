"""Applies any object as kubectl does: where its kind is kept, the API server itself tells."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.controlplane.layout import Layout
from tests.support.waiting import until

Object = dict[str, Any]
STRICT = {"fieldManager": "test", "force": "true", "fieldValidation": "Strict"}


class Admin:
    """May do everything. Whatever the API server refuses fails the test in its own words."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self._kinds: dict[tuple[str, str], Object] = {}

    async def apply(self, found: Object, **query: str) -> Object:
        """Server-side and strictly: a field that is not known is refused."""
        path = f"{await self._path(found)}/{found['metadata']['name']}"
        return await self.ask("PATCH", path, found, **STRICT | query)

    async def define(self, definition: Object) -> None:
        """A custom resource, which is served when this returns."""
        await self.apply(definition)
        group, names = definition["spec"]["group"], definition["spec"]["names"]
        path = f"/apis/{group}/{definition['spec']['versions'][0]['name']}/{names['plural']}"

        async def served() -> bool:
            return (await self.http.get(path)).status_code == 200

        await until(served, 30)

    async def token(self, account: str) -> str:
        """A real one of a service account of reprise-system, as a pod would have it."""
        path = f"/api/v1/namespaces/reprise-system/serviceaccounts/{account}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return str((await self.ask("POST", path, asked))["status"]["token"])

    async def ask(self, method: str, path: str, body: Object | None = None, **query: str) -> Object:
        """One request and its answer."""
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        answer = await self.http.request(method, path, params=query, json=body, headers={"Content-Type": kind})
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def _path(self, found: Object) -> str:
        version = found["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, found["kind"]) not in self._kinds:
            for kind in (await self.ask("GET", root))["resources"]:
                if "/" not in kind["name"]:
                    self._kinds[version, kind["kind"]] = kind
        kind = self._kinds[version, found["kind"]]
        place = f"/namespaces/{found['metadata']['namespace']}" if kind["namespaced"] else ""
        return f"{root}{place}/{kind['name']}"


@asynccontextmanager
async def admin_of(layout: Layout) -> AsyncIterator[Admin]:
    """The admin of a control plane."""
    trusted = ssl.create_default_context(cafile=str(layout.certificate))
    headers = {"Authorization": f"Bearer {layout.token}"}
    async with httpx.AsyncClient(base_url=layout.url, headers=headers, verify=trusted, timeout=30) as http:
        yield Admin(http)
