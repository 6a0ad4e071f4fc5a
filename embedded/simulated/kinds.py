"""The table of kinds the simulated cluster serves; every generic verb works from it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """One served resource: its names and which parts of the generic machinery apply to it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    has_status: bool = False
    has_scale: bool = False
    # Which kinds count changes of their spec is the real API server's choice, kind by kind.
    has_generation: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """The name error messages use: "deployments.apps", "pods"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """The name validation messages use: "Deployment.apps", "Pod"."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


NAMESPACES = Kind("", "v1", "namespaces", "Namespace", namespaced=False, short_names=("ns",), has_status=True)
NODES = Kind("", "v1", "nodes", "Node", namespaced=False, short_names=("no",), has_status=True)
VOLUMES = Kind("", "v1", "persistentvolumes", "PersistentVolume", False, ("pv",), has_status=True)
PODS = Kind("", "v1", "pods", "Pod", short_names=("po",), has_status=True, has_generation=True)
CLAIMS = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", short_names=("pvc",), has_status=True)
SERVICES = Kind("", "v1", "services", "Service", short_names=("svc",), has_status=True)
SECRETS = Kind("", "v1", "secrets", "Secret")
CONFIG_MAPS = Kind("", "v1", "configmaps", "ConfigMap", short_names=("cm",))
EVENTS = Kind("", "v1", "events", "Event", short_names=("ev",))
QUOTAS = Kind("", "v1", "resourcequotas", "ResourceQuota", short_names=("quota",), has_status=True)
DEPLOYMENTS = Kind(
    "apps", "v1", "deployments", "Deployment", True, ("deploy",), has_status=True, has_scale=True, has_generation=True
)
REPLICA_SETS = Kind(
    "apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), has_status=True, has_scale=True, has_generation=True
)
STATEFUL_SETS = Kind(
    "apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), has_status=True, has_scale=True, has_generation=True
)
JOBS = Kind("batch", "v1", "jobs", "Job", has_status=True, has_generation=True)
INGRESSES = Kind(
    "networking.k8s.io", "v1", "ingresses", "Ingress", short_names=("ing",), has_status=True, has_generation=True
)

ALL: tuple[Kind, ...] = (
    NAMESPACES,
    NODES,
    VOLUMES,
    PODS,
    CLAIMS,
    SERVICES,
    SECRETS,
    CONFIG_MAPS,
    EVENTS,
    QUOTAS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    JOBS,
    INGRESSES,
)

_BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in ALL}
_BY_KIND = {(kind.api_version, kind.kind): kind for kind in ALL}


def by_path(group: str, version: str, plural: str) -> Kind | None:
    return _BY_PATH.get((group, version, plural))


def by_kind(api_version: str, kind: str) -> Kind | None:
    return _BY_KIND.get((api_version, kind))


def group_versions() -> list[tuple[str, str]]:
    """The served (group, version) pairs, in the order of the table."""
    return list(dict.fromkeys((kind.group, kind.version) for kind in ALL))


def in_group(group: str, version: str) -> Iterator[Kind]:
    return (kind for kind in ALL if (kind.group, kind.version) == (group, version))
