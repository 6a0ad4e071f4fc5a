"""A few verbs over the real client library, with plain JSON on both sides, as Reprise uses it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from kubernetes_asyncio.client import ApiClient, ApiException

from tests.support.waiting import until

Object = dict[str, Any]

_CLUSTER_WIDE = ("namespaces", "nodes", "validatingwebhookconfigurations")
_GROUPS = {
    "deployments": "apis/apps/v1",
    "replicasets": "apis/apps/v1",
    "statefulsets": "apis/apps/v1",
    "jobs": "apis/batch/v1",
    "ingresses": "apis/networking.k8s.io/v1",
    "clusters": "apis/postgresql.cnpg.io/v1",
    "roles": "apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "apis/rbac.authorization.k8s.io/v1",
    "validatingwebhookconfigurations": "apis/admissionregistration.k8s.io/v1",
}
_KINDS = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "jobs": "Job",
    "ingresses": "Ingress",
    "clusters": "Cluster",
    "pods": "Pod",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "services": "Service",
    "secrets": "Secret",
    "configmaps": "ConfigMap",
    "resourcequotas": "ResourceQuota",
    "namespaces": "Namespace",
    "nodes": "Node",
    "serviceaccounts": "ServiceAccount",
    "roles": "Role",
    "rolebindings": "RoleBinding",
    "limitranges": "LimitRange",
    "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
}
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


class Client:
    """One namespace. All verbs raise ApiException for what the cluster refuses."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self.api, self.namespace = api, namespace

    async def get(self, plural: str, name: str, part: str = "") -> Object:
        return await self._ask("GET", self.path(plural, name, part))

    async def find(self, plural: str, name: str) -> Object | None:
        """None where it is gone."""
        try:
            return await self.get(plural, name)
        except ApiException as error:
            if error.status != 404:
                raise
            return None

    async def collection(self, plural: str, **query: Any) -> Object:
        return await self._ask("GET", self.path(plural), query)

    async def items(self, plural: str, **query: Any) -> list[Object]:
        found: list[Object] = (await self.collection(plural, **query))["items"]
        return found

    async def create(self, plural: str, body: Object, **query: Any) -> Object:
        return await self._ask("POST", self.path(plural), query, _typed(plural, body))

    async def replace(self, plural: str, body: Object) -> Object:
        return await self._ask("PUT", self.path(plural, body["metadata"]["name"]), {}, body)

    async def apply(self, plural: str, body: Object, manager: str = "reprise", **query: Any) -> Object:
        path = self.path(plural, body["metadata"]["name"])
        return await self._ask("PATCH", path, {"fieldManager": manager, **query}, _typed(plural, body), APPLY)

    async def patch(self, plural: str, name: str, body: Any, part: str = "", kind: str = MERGE, **query: Any) -> Object:
        return await self._ask("PATCH", self.path(plural, name, part), query, body, kind)

    async def delete(self, plural: str, name: str, **options: Any) -> Object:
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **options}
        return await self._ask("DELETE", self.path(plural, name), {}, body)

    async def delete_all(self, plural: str, **query: Any) -> Object:
        return await self._ask("DELETE", self.path(plural), query)

    async def gone(self, plural: str, name: str, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - until's
        """Wait until it is there no more."""

        async def is_gone() -> bool:
            return await self.find(plural, name) is None

        await until(is_gone, timeout, what=f"{plural} {name} to be gone")

    @asynccontextmanager
    async def watch(self, plural: str, **query: Any) -> AsyncIterator[AsyncIterator[Object]]:
        """The events of a watch, which ends with the block."""
        response = await self._send("GET", self.path(plural), {"watch": "true", **query}, None, "application/json")
        try:
            yield _events(response)
        finally:
            response.close()

    def path(self, plural: str, name: str = "", part: str = "") -> str:
        base = f"/{_GROUPS.get(plural, 'api/v1')}"
        place = "" if plural in _CLUSTER_WIDE else f"/namespaces/{self.namespace}"
        return f"{base}{place}/{plural}" + (f"/{name}" if name else "") + (f"/{part}" if part else "")

    async def _ask(
        self, method: str, path: str, query: Object | None = None, body: Any = None, content: str = "application/json"
    ) -> Object:
        response = await self._send(method, path, query or {}, body, content)
        found: Object = orjson.loads(await response.read())
        return found

    async def _send(self, method: str, path: str, query: Object, body: Any, content: str) -> Any:
        headers = {"Content-Type": content, "Accept": "application/json"}
        pairs = [(key, str(value)) for key, value in query.items()]
        response = await self.api.call_api(
            path,
            method,
            query_params=pairs,
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
        )
        if response.status >= 400:
            error = ApiException(status=response.status, reason=response.reason)
            error.body = (await response.read()).decode()
            raise error
        return response


def refusal(error: ApiException) -> Object:
    """The Status in a refusal."""
    found: Object = orjson.loads(error.body or "null")
    return found


async def _events(response: Any) -> AsyncIterator[Object]:
    async for line in response.content:
        yield orjson.loads(line)


def _typed(plural: str, body: Object) -> Object:
    version = _GROUPS.get(plural, "api/v1").partition("/")[2]
    return {"apiVersion": version, "kind": _KINDS[plural], **body}
