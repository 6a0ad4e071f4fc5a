"""What must be there so that causes come about: limits, a webhook, a user without a permission, a dying namespace."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from kubernetes_asyncio.client import ApiException

from cluster.client import Cluster
from cluster.kinds import POD
from embedded.simulated import certificate
from schemas.errors import ClusterRefused
from schemas.settings import Settings
from tests.contract.client import Client
from tests.controlplane.users import kubeconfig_of
from tests.integration.causes.ways import DENIED_IMAGE, LIMITS, QUOTA
from tests.support.ports import free_port
from tests.support.waiting import until

HELD = "reprise.dev/held-by-a-test"
WEBHOOK = "images.example.com"
REASON = "images must come from registry.example.com"
LIMITED = "limited"
MAY = ("get", "list", "watch", "delete", "deletecollection")


async def limit(admin: Client, *, ranges: bool) -> None:
    """The namespace's quota, and its LimitRange where the cluster knows of such."""
    if ranges:
        await admin.create("limitranges", {"metadata": {"name": "limits"}, "spec": {"limits": LIMITS}})
    await admin.create("resourcequotas", {"metadata": {"name": "quota"}, "spec": {"hard": QUOTA}})

    async def counted() -> bool:
        return "used" in (await admin.get("resourcequotas", "quota")).get("status", {})

    await until(counted, 30, what="the quota to be counted")


@asynccontextmanager
async def webhook(admin: Client, directory: Path) -> AsyncIterator[None]:
    """One that denies pods of an image, in this namespace only."""
    port = free_port()
    tls, authority = certificate.context(directory)
    application = web.Application()
    application.router.add_post("/", _review)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    await admin.create("validatingwebhookconfigurations", _configuration(admin.namespace, port, authority))
    yield
    await admin.delete("validatingwebhookconfigurations", admin.namespace)
    await runner.cleanup()


async def _review(request: web.Request) -> web.Response:
    review = await request.json()
    images = [container["image"] for container in review["request"]["object"]["spec"]["containers"]]
    response = {"uid": review["request"]["uid"], "allowed": DENIED_IMAGE not in images, "status": {"message": REASON}}
    return web.json_response({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response})


def _configuration(namespace: str, port: int, authority: str) -> dict[str, Any]:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
    hook = {
        "name": WEBHOOK,
        "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": authority},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {"metadata": {"name": namespace}, "webhooks": [hook]}


@asynccontextmanager
async def without_permission(admin: Client, settings: Settings, directory: Path) -> AsyncIterator[Cluster]:
    """A client that may do what Reprise does, but make no PersistentVolumeClaims."""
    everything = [
        {"apiGroups": ["", "apps", "networking.k8s.io"], "resources": ["*"], "verbs": MAY},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "patch"]},
    ]
    account = {"kind": "ServiceAccount", "name": LIMITED, "namespace": admin.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": LIMITED}
    meta = {"metadata": {"name": LIMITED}}
    await admin.create("serviceaccounts", meta)
    await admin.create("roles", {**meta, "rules": everything})
    await admin.create("rolebindings", {**meta, "subjects": [account], "roleRef": role})
    assert settings.kubeconfig is not None
    path = await kubeconfig_of(admin, LIMITED, settings.kubeconfig, directory)
    async with Cluster(settings.model_copy(update={"kubeconfig": path})) as cluster:
        await until(lambda: _may_look(cluster), 30, what="the role to be in force")
        yield cluster


async def _may_look(cluster: Cluster) -> bool:
    try:
        await cluster.select(POD)
    except ClusterRefused:
        return False
    return True


@asynccontextmanager
async def terminating(admin: Client, settings: Settings) -> AsyncIterator[Cluster]:
    """A client of a namespace that is being deleted, and will be so for as long as the block lasts."""
    dying = Client(admin.api, f"dying-{secrets.token_hex(4)}")
    await dying.create("namespaces", {"metadata": {"name": dying.namespace}})
    await dying.create("configmaps", {"metadata": {"name": "held", "finalizers": [HELD]}})
    await dying.delete("namespaces", dying.namespace)
    await until(lambda: _refuses(dying), 30, what="the namespace to take nothing more")
    async with Cluster(settings.model_copy(update={"namespace": dying.namespace})) as cluster:
        yield cluster
    await dying.patch("configmaps", "held", {"metadata": {"finalizers": None}})


async def _refuses(dying: Client) -> bool:
    try:
        await dying.create("configmaps", {"metadata": {"name": "late"}}, dryRun="All")
    except ApiException as error:
        return error.status == 403
    return False
