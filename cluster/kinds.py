"""The kinds of objects that Reprise uses, and where the Kubernetes API keeps them."""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""One object of the cluster as the API's JSON has it; models of the client library are not used."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its name, its group and version, the plural that stands in paths."""

    name: str
    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The path of all objects of the kind in `namespace` (None: in all of them), or of the one called `name`."""
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.group}{place}/{self.plural}" + (f"/{name}" if name else "")

    @property
    def group(self) -> str:
        """The path of its group and version, which answers the kinds in it."""
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"


DEPLOYMENT = Kind("Deployment", "apps/v1", "deployments")
REPLICA_SET = Kind("ReplicaSet", "apps/v1", "replicasets")
STATEFUL_SET = Kind("StatefulSet", "apps/v1", "statefulsets")
JOB = Kind("Job", "batch/v1", "jobs")
POD = Kind("Pod", "v1", "pods")
CLAIM = Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims")
SERVICE = Kind("Service", "v1", "services")
SECRET = Kind("Secret", "v1", "secrets")
INGRESS = Kind("Ingress", "networking.k8s.io/v1", "ingresses")
NAMESPACE = Kind("Namespace", "v1", "namespaces", namespaced=False)
QUOTA = Kind("ResourceQuota", "v1", "resourcequotas")
EVENT = Kind("Event", "v1", "events")
NODE = Kind("Node", "v1", "nodes", namespaced=False)

POSTGRES_CLUSTER = Kind("Cluster", "postgresql.cnpg.io/v1", "clusters")
"""Of CloudNativePG: known only where that is installed."""

KINDS = {
    kind.name: kind
    for kind in (DEPLOYMENT, REPLICA_SET, STATEFUL_SET, JOB, POD, CLAIM, SERVICE, SECRET, INGRESS, NAMESPACE, NODE)
}
"""By name."""
