"""What is wrong with a pod that a node has taken: its containers' states, told as a cause and since when."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cluster.conditions import condition, moment, since
from cluster.kinds import Object
from cluster.sentences import last_line, plain
from schemas.codes import ErrorCode

NO_IMAGE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
BAD_NAME = "InvalidImageName"
REFUSED = {
    "CreateContainerConfigError": "created",
    "CreateContainerError": "created",
    "RunContainerError": "started",
}
"""What cannot be done then; source of all: kubernetes pkg/kubelet/{images/types.go,container/sync_result.go}."""
_PULLING = re.compile(r'^(?:rpc error: code = \w+ desc = )?(?:failed to pull and unpack image "[^"]*": )?')
BACK_OFF, BACK_OFF_LIMIT = 10, 300
"""Seconds that a kubelet waits before the second restart, doubling, and at most."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`since`: when it began, None where the cluster does not tell."""

    code: ErrorCode | None
    cause: str
    since: datetime | None


def problem(pod: Object) -> Problem | None:
    """The first problem of a pod's containers, those that initialise before the others; None while all goes well."""
    return next(_problems(pod), None)


def _problems(pod: Object) -> Iterator[Problem]:
    status = pod.get("status", {})
    bound = since(condition(pod, "PodScheduled", "True")) or moment(status.get("startTime"))
    for container in status.get("initContainerStatuses") or ():
        found = _container(container, bound, ErrorCode.INIT_FAILED)
        if found:
            yield found
    initialised = since(condition(pod, "Initialized", "True")) or bound
    for container in status.get("containerStatuses") or ():
        found = _container(container, initialised, ErrorCode.CRASH_LOOP)
        if found:
            yield found
    if status.get("phase") == "Failed":
        yield Problem(None, plain(status.get("message") or status.get("reason") or "The pod failed"), bound)


def _container(container: Object, start: datetime | None, crash: ErrorCode) -> Problem | None:
    state = container.get("state", {})
    waiting = state.get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in NO_IMAGE or reason == BAD_NAME:
        return Problem(ErrorCode.IMAGE_PULL, plain(_image(container, reason, message)), start)
    if reason in REFUSED:
        return Problem(ErrorCode.CONTAINER_CONFIG, plain(_refused(container, REFUSED[reason], message)), start)
    ended = _ended(container)
    if ended is not None or reason == "CrashLoopBackOff":
        return _crash(container, ended or {}, crash, start)
    return None


def _ended(container: Object) -> Object | None:
    """How the container ended, where it did so badly and does not run again yet."""
    now = container.get("state", {}).get("terminated")
    last = now or (container.get("lastState") or {}).get("terminated")
    if "running" in container.get("state", {}) or not last or last.get("exitCode") == 0:
        return None
    ended: Object = last
    return ended


def _image(container: Object, reason: str, message: str) -> str:
    """With the error itself, which the message of the back-off repeats or leaves out."""
    image = f'Image "{container.get("image")}"'
    if reason == BAD_NAME:
        return f"{image} is no valid name: {message.rpartition(': ')[2]}"
    error = _PULLING.sub("", message.rpartition("ErrImagePull: ")[2])
    return f"{image} cannot be pulled: {error}" if error else f"{image} cannot be pulled"


def _refused(container: Object, what: str, message: str) -> str:
    return f"Container {container.get('name')} cannot be {what}: {message}"


def _crash(container: Object, ended: Object, crash: ErrorCode, start: datetime | None) -> Problem:
    began = _crashing_since(container, ended, start)
    name = container.get("name", "")
    if ended.get("reason") == "OOMKilled":
        words = f"Container {name} was killed for using more memory than it may (OOMKilled)."
        return Problem(ErrorCode.OUT_OF_MEMORY, words, began)
    if "exitCode" not in ended:
        return Problem(crash, f"Container {name} keeps crashing.", began)
    said = last_line(ended.get("message") or "")
    return Problem(crash, plain(f"Container {name} exited with code {ended['exitCode']}{said and f': {said}'}"), began)


def _crashing_since(container: Object, ended: Object, start: datetime | None) -> datetime | None:
    """The time of the first crash, as far back as the back-offs between the restarts reach."""
    last = moment(ended.get("finishedAt"))
    if last is None:
        return start
    restarts = container.get("restartCount", 0)
    waited = sum(min(BACK_OFF * 2**n, BACK_OFF_LIMIT) for n in range(min(restarts - 1, 50)))
    began = last - timedelta(seconds=waited)
    return max(began, start) if start else began
