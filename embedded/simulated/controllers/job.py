"""Runs a Job's pods until enough of them succeeded or too many failed."""

from collections.abc import Iterable
from typing import Any

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry
from embedded.simulated.store import Change

# After each failure the next pod waits twice as long; the real controller begins with ten seconds, too.
_FIRST_BACKOFF = 10.0
_LAST_BACKOFF = 600.0
_TOO_MANY_FAILED = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_TOO_LATE = ("DeadlineExceeded", "Job was active longer than specified deadline")
_ENOUGH_SUCCEEDED = ("CompletionsReached", "Reached expected number of succeeded pods")


class JobController:
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/"""

    def __init__(self, registry: Registry, backoff: float = _FIRST_BACKOFF) -> None:
        self._registry, self._backoff = registry, backoff
        self._events = Recorder(registry, "job-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.JOBS:
            yield objects.namespace(change.object), objects.name(change.object)
        elif change.kind is kinds.PODS and (owner := tools.owner_key(change.object, kinds.JOBS)):
            yield owner

    def reconcile(self, key: Key) -> float | None:
        job = self._registry.store.get(kinds.JOBS, *key)
        if job is None or objects.is_deleting(job):
            return None
        if is_finished(job):
            return self._expire(job)
        return self._drive(job)

    def _drive(self, job: Object) -> float | None:
        pods = tools.pods_of(self._registry, job)
        succeeded, failed = _count(pods, "Succeeded"), _count(pods, "Failed")
        verdict = self._verdict(job, pods, succeeded, failed)
        if verdict is not None:
            for pod in filter(tools.is_active, pods):
                tools.delete(self._registry, kinds.PODS, pod)
            self._finish(job, verdict, succeeded, failed)
            return None
        wait = 0.0 if objects.spec(job)["suspend"] else self._fill(job, pods, succeeded)
        self._write_status(job, _progress(job, tools.pods_of(self._registry, job)))
        return min((delay for delay in (wait, _deadline_in(job)) if delay), default=None)

    def _verdict(
        self, job: Object, pods: list[Object], succeeded: int, failed: int
    ) -> tuple[str, tuple[str, str]] | None:
        spec = objects.spec(job)
        restarts = sum(_restarts(pod) for pod in pods if tools.is_active(pod))
        if failed > spec["backoffLimit"] or (restarts and restarts >= max(spec["backoffLimit"], 1)):
            return "Failed", _TOO_MANY_FAILED
        deadline = _deadline_in(job)
        if deadline is not None and deadline <= 0:
            return "Failed", _TOO_LATE
        wanted = spec.get("completions")
        # Without a number of completions the first success ends the Job, once the others have ended too.
        idle = not any(map(tools.is_active, pods))
        done = succeeded > 0 and idle if wanted is None else succeeded >= wanted
        return ("Complete", _ENOUGH_SUCCEEDED) if done else None

    def _fill(self, job: Object, pods: list[Object], succeeded: int) -> float:
        """Create what is missing; or say for how many seconds to wait after the last failure."""
        spec = objects.spec(job)
        active = sum(map(tools.is_active, pods))
        wanted = spec["parallelism"]
        if spec.get("completions") is not None:
            wanted = min(wanted, spec["completions"] - succeeded)
        elif succeeded:
            wanted = active
        wait = self._backoff_left(pods)
        if wait > 0 or wanted <= active:
            return max(wait, 0.0)
        for _ in range(wanted - active):
            self._create_pod(job)
        return 0.0

    def _create_pod(self, job: Object) -> None:
        pod = tools.pod_from(objects.spec(job)["template"], kinds.JOBS, job)
        pod["metadata"]["generateName"] = f"{objects.name(job)}-"
        created = self._registry.create(kinds.PODS, objects.namespace(job), pod, tools.WRITER)
        self._events.record(kinds.JOBS, job, "SuccessfulCreate", f"Created pod: {objects.name(created)}")

    def _backoff_left(self, pods: list[Object]) -> float:
        failures = [pod for pod in pods if objects.status(pod).get("phase") == "Failed"]
        if not failures:
            return 0.0
        ended = [tools.seconds_since(_ended_at(pod)) for pod in failures]
        return float(min(self._backoff * 2 ** (len(failures) - 1), _LAST_BACKOFF) - min(ended))

    def _finish(self, job: Object, verdict: tuple[str, tuple[str, str]], succeeded: int, failed: int) -> None:
        kind, (reason, message) = verdict
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        status = {**objects.status(job), "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
        status.pop("active", None)
        status |= {key: count for key, count in (("succeeded", succeeded), ("failed", failed)) if count}
        conditions = objects.status(job).get("conditions") or []
        for condition in (first, kind):
            more = {"lastProbeTime": objects.now()}
            conditions = tools.with_condition(conditions, condition, "True", reason, message, **more)
        status["conditions"] = conditions
        if kind == "Complete":
            status["completionTime"] = objects.now()
            self._events.record(kinds.JOBS, job, "Completed", "Job completed")
        else:
            self._events.record(kinds.JOBS, job, reason, message, "Warning")
        self._write_status(job, status)

    def _expire(self, job: Object) -> float | None:
        """ttlSecondsAfterFinished: the Job goes that long after its end."""
        keep = objects.spec(job).get("ttlSecondsAfterFinished")
        if keep is None:
            return None
        ended = max(entry["lastTransitionTime"] for entry in objects.status(job)["conditions"])
        left = float(keep - tools.seconds_since(ended))
        if left > 0:
            return left
        tools.delete(self._registry, kinds.JOBS, job, "Foreground")
        return None

    def _write_status(self, job: Object, status: dict[str, Any]) -> None:
        self._registry.set_status(kinds.JOBS, job, status, tools.MANAGER)


def is_finished(job: Object) -> bool:
    entries = objects.status(job).get("conditions") or []
    return any(entry["type"] in ("Complete", "Failed") and entry["status"] == "True" for entry in entries)


def _progress(job: Object, pods: list[Object]) -> dict[str, Any]:
    active = [pod for pod in pods if tools.is_active(pod)]
    before = objects.status(job)
    counts = {
        "active": len(active),
        "succeeded": _count(pods, "Succeeded"),
        "failed": _count(pods, "Failed"),
    }
    always: dict[str, Any] = {
        "ready": sum(map(tools.is_ready, active)),
        "terminating": sum(objects.is_deleting(pod) and not tools.has_ended(pod) for pod in pods),
        "startTime": before.get("startTime") or objects.now(),
        "uncountedTerminatedPods": {},
    }
    shown = {key: count for key, count in counts.items() if count}
    return {**always, **shown, **({"conditions": before["conditions"]} if before.get("conditions") else {})}


def _count(pods: list[Object], phase: str) -> int:
    return sum(objects.status(pod).get("phase") == phase for pod in pods)


def _restarts(pod: Object) -> int:
    status = objects.status(pod)
    found = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    return sum(entry["restartCount"] for entry in found)


def _ended_at(pod: Object) -> str:
    ended = [
        entry["state"]["terminated"]["finishedAt"]
        for entry in objects.status(pod).get("containerStatuses") or []
        if "terminated" in entry.get("state", {})
    ]
    return str(max(ended, default=objects.meta(pod)["creationTimestamp"]))


def _deadline_in(job: Object) -> float | None:
    limit, started = objects.spec(job).get("activeDeadlineSeconds"), objects.status(job).get("startTime")
    return None if limit is None or started is None else float(limit - tools.seconds_since(started))
