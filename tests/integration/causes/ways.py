"""How each cause of docs/failures.md that a cluster tells is brought about."""

from dataclasses import dataclass, field
from typing import Any, Literal

from cluster.profiles import Profile
from tests.integration.cluster.rooms import POOL, Node

Place = Literal["shared", "without permission", "terminating"]
TAINTED = Node(taints=({"key": "gpu", "effect": "NoSchedule"},))
DENIED_IMAGE = "denied:1"
QUOTA = {"requests.cpu": "300"}
LIMITS = [
    {"type": "Pod", "max": {"memory": "100Gi"}},
    {"type": "PersistentVolumeClaim", "max": {"storage": "50Gi"}},
]


@dataclass(frozen=True)
class Way:
    """What is asked for, with which profile, where; `nodes` are those of a pool that the profile selects."""

    request: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    place: Place = "shared"
    nodes: tuple[Node, ...] = ()
    real_only: bool = False

    def profile_in(self, pool: str) -> Profile:
        """The profile, of a namespace whose pool is called so."""
        selector = {"node_selector": {POOL: pool}} if self.nodes else {}
        return Profile.model_validate({**selector, **self.profile})


def image(name: str) -> Way:
    """Images behave as they are called."""
    return Way(profile={"image": name})


def storage(name: str) -> Way:
    """So do storage classes."""
    return Way(profile={"storage_class": name})


WAYS = {
    "too little cpu": Way({"cpu": "64"}),
    "too little memory": Way({"memory": "64Gi"}),
    "too many pods": Way(nodes=(Node(pods="0"),)),
    "no node has the labels": Way(profile={"node_selector": {"disk": "tape"}}),
    "a taint that is not tolerated": Way(nodes=(TAINTED, TAINTED)),
    "no such storage class": storage("unknown-class"),
    "a claim that is never bound": storage("unprovisioned"),
    "a volume that cannot be attached": storage("unattachable"),
    "a ResourceQuota": Way({"cpu": "500"}),
    "a LimitRange, for pods": Way({"memory": "150Gi"}, real_only=True),
    "a LimitRange, for volumes": Way({"volume": "100Gi"}, real_only=True),
    "no such image": image("missing:1"),
    "an invalid name of an image": image("invalid:1"),
    "a container that cannot be created": image("asroot:1"),
    "a failing initialisation": image("crashinit:1"),
    "a container that keeps crashing": image("crash:1"),
    "a container that needs more memory": image("oomkill:1"),
    "a failing readiness probe": image("unready:1"),
    "an admission webhook": Way(profile={"image": DENIED_IMAGE}, real_only=True),
    "a permission that Reprise lacks": Way(place="without permission", real_only=True),
    "a namespace that is being deleted": Way(place="terminating"),
}
