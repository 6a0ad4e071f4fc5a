"""What keeps a pod from being ready though nothing of it has failed: a volume, the network, a probe."""

import re

from cluster import told
from cluster.conditions import condition, moment
from cluster.kinds import Object
from cluster.problems import Problem
from cluster.sentences import plain, unmounted
from cluster.sight import Sight
from schemas.codes import ErrorCode

_NOT_BEGUN = frozenset({"ContainerCreating", "PodInitializing"})
_CONFIGURED = re.compile(r"(?i)\b(secret|configmap)\b.*\bnot found|references non-existent (secret|config) key")


def unready(sight: Sight, pod: Object) -> Problem | None:
    """What a pod on a node waits for, with `since` where it counts only after a while; None while all goes well."""
    if all((each.get("state", {}).get("waiting") or {}).get("reason") in _NOT_BEGUN for each in _containers(pod)):
        return _unmounted(sight, pod) or _unconnected(sight, pod)
    return _unhealthy(sight, pod) if well(pod) else None


def volumeless(sight: Sight) -> str | None:
    """Why the claim has no volume; None where nobody has said so."""
    claim = sight.claim
    if claim is None or claim.get("status", {}).get("phase") != "Pending":
        return None
    said = told.words(sight.events, claim, told.PROVISIONING)
    return plain(f"The claim gets no volume: {said}") if said else None


def well(pod: Object) -> bool:
    """No container has failed so far."""
    return not any(each.get("restartCount") for each in _containers(pod))


def _containers(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _unmounted(sight: Sight, pod: Object) -> Problem | None:
    said = told.words(sight.events, pod, *told.ATTACHING)
    if said:
        return Problem(ErrorCode.VOLUME_UNAVAILABLE, plain(f"The volume cannot be attached: {unmounted(said)}"), None)
    said = told.words(sight.events, pod, told.MOUNTING)
    if not said:
        return None
    code = ErrorCode.CONTAINER_CONFIG if _CONFIGURED.search(said) else ErrorCode.VOLUME_UNAVAILABLE
    return Problem(code, plain(f"A volume cannot be mounted: {unmounted(said)}"), None)


def _unconnected(sight: Sight, pod: Object) -> Problem | None:
    said = told.words(sight.events, pod, told.SANDBOX)
    return Problem(None, plain(said), None) if said else None


def _unhealthy(sight: Sight, pod: Object) -> Problem | None:
    """A container runs and is not ready; when that is so for long, it is worth telling."""
    held = condition(pod, "ContainersReady", "False")
    running = [each for each in pod.get("status", {}).get("containerStatuses") or () if _runs_unready(each)]
    if held is None or not running:
        return None
    said = told.words(sight.events, pod, told.UNHEALTHY) or held.get("message") or "it does not say why"
    cause = plain(f"Container {running[0].get('name')} runs and is not ready: {said}")
    return Problem(ErrorCode.NOT_READY, cause, moment(running[0]["state"]["running"].get("startedAt")))


def _runs_unready(container: Object) -> bool:
    return "running" in container.get("state", {}) and not container.get("ready")
