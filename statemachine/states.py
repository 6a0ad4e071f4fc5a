"""The states of an instance: what each means to people, and what Reprise does about it while it lasts."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.types import EventType


class State(StrEnum):
    """Where an instance is in its life. NONE is the one before it exists."""

    NONE = "none"
    PENDING = "pending"
    ALLOCATING_DATABASE = "allocating_database"
    DEPLOYING = "deploying"
    INITIALIZING = "initializing"
    RUNNING = "running"
    DEGRADED = "degraded"
    CLEANING_UP = "cleaning_up"
    CLEANING_UP_BEFORE_RETRY = "cleaning_up_before_retry"
    ERROR = "error"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    TRASHED = "trashed"
    DELETING = "deleting"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of the table of states.

    `command` is sent on entry and again when the step is overdue (`repeats`).
    `deadline` is the timer that starts on entry; that of `deploying` and `starting` starts with deploy.applied, and
    the retry of `error` only where the policy says so.
    """

    status: str
    provisioning_status: str
    text: str
    command: EventType | None = None
    repeats: bool = False
    deadline: EventType | None = None


MEANINGS: dict[State, Meaning] = {
    State.PENDING: Meaning("creating", "pending", "accepted; waits for one of the places to deploy"),
    State.ALLOCATING_DATABASE: Meaning(
        "creating",
        "provisioning",
        "the database-service is asked",
        EventType.DATABASE_ALLOCATE,
        repeats=True,
        deadline=EventType.DATABASE_TIMEOUT,
    ),
    State.DEPLOYING: Meaning(
        "creating",
        "provisioning",
        "applied to the cluster; no node has taken the pod yet",
        EventType.DEPLOY_APPLY,
        repeats=True,
    ),
    State.INITIALIZING: Meaning(
        "creating",
        "provisioning",
        "a node has it: image, database initialisation, start-up",
        deadline=EventType.INIT_TIMEOUT,
    ),
    State.RUNNING: Meaning("running", "completed", "ready and serving"),
    State.DEGRADED: Meaning(
        "degraded",
        "completed",
        "ran, and the cluster lost it; being healed unless held",
        EventType.DEPLOY_APPLY,
        repeats=True,
    ),
    State.CLEANING_UP: Meaning(
        "error", "failed", "failed; what the attempt made is being removed", EventType.CLEANUP_RUN, repeats=True
    ),
    State.CLEANING_UP_BEFORE_RETRY: Meaning(
        "creating", "pending", "being removed, and a retry waits for it", EventType.CLEANUP_RUN, repeats=True
    ),
    State.ERROR: Meaning("error", "failed", "failed and clean; waits for a person, or for the retry policy"),
    State.STOPPING: Meaning("stopping", "completed", "being scaled to zero", EventType.DEPLOY_STOP, repeats=True),
    State.STOPPED: Meaning("stopped", "completed", "scaled to zero"),
    State.STARTING: Meaning("starting", "completed", "being scaled up again", EventType.DEPLOY_APPLY, repeats=True),
    State.TRASHED: Meaning(
        "trashed",
        "completed",
        "deleted by a person, stopped, and kept for a while; can be restored",
        EventType.DEPLOY_STOP,
        repeats=True,
        deadline=EventType.PURGE_DUE,
    ),
    State.DELETING: Meaning(
        "deleting", "completed", "objects, then database, are being removed", EventType.DELETE_RUN, repeats=True
    ),
    State.DELETED: Meaning("deleted", "completed", "gone; the record and its audit log stay"),
}
"""Every state but NONE. PostgreSQL's generated columns `status` and `provisioning_status` are made from this table."""

HOLDS_A_PLACE = frozenset({State.ALLOCATING_DATABASE, State.DEPLOYING, State.INITIALIZING})
"""States that take one of the DEPLOY_CONCURRENCY places."""

HAS_RUN = frozenset({State.RUNNING, State.DEGRADED, State.STOPPING, State.STOPPED, State.STARTING, State.TRASHED})
"""States that only an instance that has run can be in, besides `deleting` and `deleted`."""
