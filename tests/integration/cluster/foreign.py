"""An instance as somebody else made it: a Deployment with a claim, a Secret and a Service of names of their own."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, SECRET, SERVICE, Kind, Object
from schemas.errors import ClusterDown
from schemas.payloads import AdoptedObjects
from statemachine.instance import Instance
from tests.support.waiting import until
from tests.unit.cluster import objects

HELM = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "shop"}
ALL = AdoptedObjects(deployment="odoo-shop", claims=("shop-files",), services=("shop-web",), secrets=("shop-db",))


@dataclass(frozen=True)
class Foreign:
    """What was made, in the namespace of `cluster`."""

    cluster: Cluster

    async def made(self, *, image: str = "odoo:17.0", replicas: int = 1, cpu: str = "250m") -> None:
        """All of it."""
        await self.put(CLAIM, claim())
        await self.put(SECRET, {"metadata": _meta("shop-db"), "stringData": {"password": "s3cret-pw"}})
        await self.put(SERVICE, service())
        await self.put(DEPLOYMENT, deployment(image, replicas, cpu))

    async def put(self, kind: Kind, manifest: Object) -> None:
        """One object, once the namespace is there."""

        async def created() -> bool:
            try:
                return await self.cluster.create(kind, manifest) is not None
            except ClusterDown:
                return False

        await until(created, what=f"{kind.name} to be made")

    async def ready(self) -> Object:
        """The Deployment once it serves."""

        async def serving() -> Object | None:
            found = await self.deployment()
            return found if found.get("status", {}).get("readyReplicas", 0) else None

        found = await until(serving, 30, what="the foreign Deployment to be ready")
        assert found is not None
        return found

    async def deployment(self) -> Object:
        """As it is now."""
        found = await self.cluster.get(DEPLOYMENT, "odoo-shop")
        assert found is not None
        return found

    async def pods(self) -> list[Object]:
        """By the labels that their template gives them."""
        return await self.cluster.select(POD, "app=shop")


def adopted(**values: Any) -> Instance:
    """The row of the instance, adopted."""
    return objects.instance(id=uuid4(), **{"adopted": ALL, "has_run": True, **values})


def claim(name: str = "shop-files") -> Object:
    """Ten GiB."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
    return {"metadata": _meta(name), "spec": spec}


def service(name: str = "shop-web") -> Object:
    """Selects the pods."""
    return {"metadata": _meta(name), "spec": {"selector": {"app": "shop"}, "ports": [{"name": "web", "port": 8069}]}}


def deployment(image: str = "odoo:17.0", replicas: int = 1, cpu: str = "250m", name: str = "odoo-shop") -> Object:
    """As a chart would make it: labels and selector of its own."""
    container = {
        "name": "odoo",
        "image": image,
        "resources": {"requests": {"cpu": cpu, "memory": "512Mi"}},
        "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "shop-db", "key": "password"}}}],
        "volumeMounts": [{"name": "files", "mountPath": "/var/lib/odoo"}],
    }
    volumes = [{"name": "files", "persistentVolumeClaim": {"claimName": "shop-files"}}]
    return {
        "metadata": _meta(name),
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop", **HELM}},
                "spec": {"containers": [container], "volumes": volumes},
            },
        },
    }


def _meta(name: str) -> Object:
    return {"name": name, "labels": dict(HELM)}
