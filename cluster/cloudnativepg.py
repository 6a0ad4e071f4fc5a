"""A dedicated database server as CloudNativePG runs it: one Cluster resource, and what its status says.

Source of all that is said of its fields: https://cloudnative-pg.io/documentation/current/ and the schema in its
CustomResourceDefinition clusters.postgresql.cnpg.io.
"""

from cluster.client import Cluster
from cluster.kinds import POSTGRES_CLUSTER, Object
from cluster.manifests import placement, resources
from cluster.profiles import DatabaseServer
from cluster.sight import terminating
from schemas.codes import ErrorCode
from schemas.errors import ClusterRefused, NotYet

USERNAME = "username"
RELOAD = {"cnpg.io/reload": "true"}
"""A label by which the operator takes over a password that was changed."""


def secret(meta: Object, username: str, password_key: str, password: str) -> Object:
    """The application's credentials, in the form that the operator reads: its user name must be the owner's."""
    data = {USERNAME: username, password_key: password}
    labelled = {**meta, "labels": {**meta["labels"], **RELOAD}}
    return {"metadata": labelled, "type": "kubernetes.io/basic-auth", "stringData": data}


def postgres_cluster(meta: Object, server: DatabaseServer, database: str, username: str) -> Object:
    """The Cluster. What the operator makes for it bears the same labels, so that it is found and seen gone.

    The owner is no superuser, and nobody logs in as one: to empty its database it drops what it owns.
    """
    labels = {key: value for key, value in meta["labels"].items() if key.startswith("reprise.dev/")}
    initdb: Object = {
        "database": database,
        "owner": username,
        "secret": {"name": meta["name"]},
        "encoding": "UTF8",
        "localeCollate": "C",  # as Odoo makes its own, for indexes that serve LIKE
        "localeCType": "C.UTF-8",
    }
    spec: Object = {
        "instances": server.instances,
        "bootstrap": {"initdb": initdb},
        "inheritedMetadata": {"labels": labels},
        "storage": {"size": server.volume},
        "resources": resources(server.cpu, server.memory),
    }
    return {"metadata": meta, "spec": {**spec, **_choices(server)}}


def endpoint(found: Object) -> str:
    """The Service of its primary, once that is ready. Raises NotYet in the operator's own words."""
    meta, status = found["metadata"], found.get("status") or {}
    if terminating(found) or not status.get("currentPrimary") or status.get("readyInstances", 0) < 1:
        why = ": ".join(filter(None, (status.get("phase"), status.get("phaseReason")))) or "no operator has taken it up"
        raise NotYet(f"database server {meta['name']} is starting: {why}")
    return str(status.get("writeService") or f"{meta['name']}-rw")


async def require(cluster: Cluster) -> None:
    """Raises ClusterRefused where the operator's resource is not known to the cluster."""
    if not await cluster.serves(POSTGRES_CLUSTER):
        why = "The cluster knows no clusters.postgresql.cnpg.io: install CloudNativePG, or leave out the provider."
        raise ClusterRefused(ErrorCode.CLUSTER_REFUSED, why)


def _choices(server: DatabaseServer) -> Object:
    """What is said only where the profile says it; the rest is the operator's to choose."""
    spec: Object = {}
    if server.operand_image:
        spec["imageName"] = server.operand_image
    if server.storage_class:
        spec["storage"] = {"size": server.volume, "storageClass": server.storage_class}
    placed = placement(server)
    if "imagePullSecrets" in placed:
        spec["imagePullSecrets"] = placed.pop("imagePullSecrets")
    affinity = {**placed.pop("affinity", {}), **placed}  # the operator's holds what a pod has beside its own
    return {**spec, "affinity": affinity} if affinity else spec
