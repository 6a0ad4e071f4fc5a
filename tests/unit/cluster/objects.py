"""Objects as a cluster would show them, built by the few things a test is about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from cluster.names import STEP
from schemas.requests import InstanceRequest
from statemachine.instance import Instance
from statemachine.states import State

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
INSTANCE_ID = UUID("11111111-2222-3333-4444-555555555555")
_versions = count(1)


def instance(state: State = State.DEPLOYING, **values: Any) -> Instance:
    """An instance at attempt 1, step 3, unless said otherwise."""
    fields: dict[str, Any] = {
        "id": INSTANCE_ID,
        "customer_id": "customer",
        "name": "acme",
        "request": InstanceRequest(**values.pop("request", {})),
        "job_id": UUID(int=1),
        "created_at": NOW,
        "state": state,
        "attempt": 1,
        "step": 3,
    }
    return Instance(**{**fields, **values})


def ago(seconds: float) -> str:
    """A time as the API writes it, so many seconds before NOW."""
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def meta(name: str = "acme", **values: Any) -> dict[str, Any]:
    """Metadata with a resourceVersion of its own."""
    return {"name": name, "uid": name, "resourceVersion": str(next(_versions)), "creationTimestamp": ago(60), **values}


def condition(kind: str, status: str, *, since: float = 60, reason: str = "", message: str = "") -> dict[str, str]:
    """A condition that has had its status for `since` seconds."""
    return {
        "type": kind,
        "status": status,
        "lastTransitionTime": ago(since),
        "reason": reason,
        "message": message,
    }


def deployment(*, ready: int = 0, replicas: int = 1, step: int = 3, observed: int = 1, **values: Any) -> dict[str, Any]:
    """A Deployment of generation 1."""
    return {
        "metadata": meta(generation=1, annotations={STEP: str(step)}, **values),
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": observed,
            "readyReplicas": ready,
            "updatedReplicas": replicas,
            "conditions": [condition("Available", "True" if ready else "False")],
        },
    }


def pod(*conditions: dict[str, str], node: str | None = "node-0", **status: Any) -> dict[str, Any]:
    """A pod, bound to a node unless `node` is None."""
    spec = {"nodeName": node} if node else {}
    bound = [condition("PodScheduled", "True")] if node else []
    return {"metadata": meta("acme-pod"), "spec": spec, "status": {"conditions": [*bound, *conditions], **status}}


def container(
    name: str = "odoo", *, restarts: int = 0, last: dict[str, Any] | None = None, **state: Any
) -> dict[str, Any]:
    """The status of a container in one state: waiting=…, running=… or terminated=…."""
    return {
        "name": name,
        "image": f"{name}:18",
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }
