"""What the cluster tells in Events alone: neither a condition nor a container's state has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cluster.kinds import Object

ATTACHING = ("FailedAttachVolume", "FailedMapVolume")
MOUNTING = "FailedMount"
SANDBOX = "FailedCreatePodSandBox"
UNHEALTHY = "Unhealthy"
PROVISIONING = "ProvisioningFailed"
CREATING = "FailedCreate"
REASONS = frozenset({*ATTACHING, MOUNTING, SANDBOX, UNHEALTHY, PROVISIONING, CREATING})
"""Source: kubernetes pkg/kubelet/events/event.go and pkg/controller/volume/events/event.go."""


@dataclass(frozen=True, slots=True)
class Told:
    """One Event's message, when it was last told (as the API writes times) and in which resourceVersion."""

    message: str
    at: str
    version: str


Events = Mapping[str, Mapping[str, Told]]
"""The latest of each reason, by the uid of the object that it is about."""


def words(events: Events, found: Object | None, *reasons: str) -> str | None:
    """What was told of an object for the first of these reasons that there is."""
    told = events.get(found["metadata"]["uid"], {}) if found else {}
    return next((told[reason].message for reason in reasons if reason in told), None)


def versions(events: Events) -> Iterable[str]:
    """One of each Event."""
    return (told.version for reasons in events.values() for told in reasons.values())
