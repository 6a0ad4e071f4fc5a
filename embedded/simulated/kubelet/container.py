"""The states of one container, one step at a time."""

from dataclasses import dataclass
from typing import Any

from embedded.simulated import objects
from embedded.simulated.kubelet.pace import Pace
from embedded.simulated.objects import Object

State = dict[str, Any]
IMAGE_ID = "sha256:" + "0" * 64
LAST_WORDS = "this container fails: its image is named so"
_KILLED = 137


@dataclass(frozen=True, slots=True)
class Container:
    """What decides about a container: its spec, its pod, and which of the pod's containers it is."""

    pod: Object
    spec: Object
    is_init: bool

    @property
    def image(self) -> str:
        return str(self.spec["image"])

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def is_missing(self) -> bool:
        return "missing" in self.image

    @property
    def crashes(self) -> bool:
        return "crashinit" in self.image if self.is_init else "crash" in self.image or self.is_killed

    @property
    def is_killed(self) -> bool:
        return not self.is_init and "oomkill" in self.image

    @property
    def is_unready(self) -> bool:
        return not self.is_init and "unready" in self.image

    @property
    def restarts(self) -> str:
        return str(objects.spec(self.pod)["restartPolicy"])


def waiting(container: Container, reason: str) -> State:
    """The status before anything happened."""
    return {
        "name": container.name,
        "image": container.image,
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": reason}},
        "lastState": {},
    }


def step(container: Container, status: State, pace: Pace, problem: str | None) -> tuple[State, float | None]:
    """The next status, and for how many seconds it stays; None where it stays for good.

    `problem` is what keeps the container from being created.
    """
    state = status["state"]
    if "running" in state:
        return _after_running(container, status, pace)
    if "terminated" in state:
        return _after_end(container, status, pace)
    if "invalid" in container.image:
        return _wait(status, "InvalidImageName", _unparsed(container.image)), pace.retry
    if container.is_missing:
        return _pull(container, status, pace)
    if problem is not None:
        return _wait(status, "CreateContainerConfigError", problem), pace.retry
    return _run(container, status, pace)


def is_finished(container: Container, status: State) -> bool:
    """Whether the container has ended and will not be started again."""
    ended = status["state"].get("terminated")
    if ended is None:
        return False
    if container.is_init or container.restarts == "OnFailure":
        return ended["exitCode"] == 0 or container.restarts == "Never"
    return container.restarts == "Never"


def _pull(container: Container, status: State, pace: Pace) -> tuple[State, float]:
    failed = f'failed to pull and unpack image "{container.image}": {container.image}: not found'
    reason = status["state"]["waiting"]["reason"]
    if reason == "ErrImagePull":
        message = f'Back-off pulling image "{container.image}": ErrImagePull: {failed}'
        return _wait(status, "ImagePullBackOff", message), pace.backoff
    return _wait(status, "ErrImagePull", failed), pace.failure


def _run(container: Container, status: State, pace: Pace) -> tuple[State, float | None]:
    running = {**status, "imageID": IMAGE_ID, "started": True, "state": {"running": {"startedAt": objects.now()}}}
    if container.crashes:
        return running, pace.failure
    if container.is_init:
        return running, pace.init_of(container.image)
    running["ready"] = not container.is_unready
    return running, None if container.restarts == "Always" else pace.init_of(container.image)


def _after_running(container: Container, status: State, pace: Pace) -> tuple[State, float | None]:
    if not container.crashes and not container.is_init and container.restarts == "Always":
        return status, None
    started = status["state"]["running"]["startedAt"]
    ended = {"startedAt": started, "finishedAt": objects.now(), "containerID": "simulated://" + container.name}
    ended |= _ending(container)
    status = {**status, "ready": container.is_init and not container.crashes, "started": False}
    status["state"] = {"terminated": ended}
    return status, None if is_finished(container, status) else 0.0


def _ending(container: Container) -> State:
    if container.is_killed:
        return {"exitCode": _KILLED, "reason": "OOMKilled"}
    if not container.crashes:
        return {"exitCode": 0, "reason": "Completed"}
    failed = {"exitCode": 1, "reason": "Error"}
    asked = container.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
    return failed | ({"message": LAST_WORDS} if asked else {})


def _unparsed(image: str) -> str:
    tag = f'Failed to apply default image tag "{image}"'
    return f'{tag}: couldn\'t parse image name "{image}": invalid reference format'


def _after_end(container: Container, status: State, pace: Pace) -> tuple[State, float | None]:
    if is_finished(container, status):
        return status, None
    restarts = status["restartCount"] + 1
    delay = pace.backoff_after(restarts)
    pod = f"{objects.name(container.pod)}_{objects.namespace(container.pod)}({objects.uid(container.pod)})"
    message = f"back-off {_duration(delay)} restarting failed container={container.name} pod={pod}"
    status = {**status, "restartCount": restarts, "lastState": status["state"]}
    return _wait(status, "CrashLoopBackOff", message), delay


def _duration(seconds: float) -> str:
    """As Go writes a time.Duration: 40s, 2m40s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _wait(status: State, reason: str, message: str) -> State:
    waits = {"waiting": {"reason": reason, "message": message}}
    return {**status, "ready": False, "started": False, "state": waits}
