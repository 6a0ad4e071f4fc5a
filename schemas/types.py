"""The names of all events and the kind each is of, which decides who may publish it and who listens."""

from enum import StrEnum


class Kind(StrEnum):
    """What an event is: a person's wish, an observed fact, a timer that has run out, or a command to an effect."""

    WISH = "wish"
    FACT = "fact"
    TIMER = "timer"
    COMMAND = "command"


class EventType(StrEnum):
    """Every event of the INSTANCES stream."""

    PROVISION_REQUESTED = "provision.requested"
    ADOPT_REQUESTED = "adopt.requested"
    RETRY_REQUESTED = "retry.requested"
    CANCEL_REQUESTED = "cancel.requested"
    STOP_REQUESTED = "stop.requested"
    START_REQUESTED = "start.requested"
    DELETE_REQUESTED = "delete.requested"
    RESTORE_REQUESTED = "restore.requested"
    HOLD_REQUESTED = "hold.requested"
    RELEASE_REQUESTED = "release.requested"

    PROVISION_ADMITTED = "provision.admitted"
    DATABASE_ALLOCATED = "database.allocated"
    DATABASE_FAILED = "database.failed"
    DEPLOY_APPLIED = "deploy.applied"
    DEPLOY_PROGRESSING = "deploy.progressing"
    DEPLOY_SCHEDULED = "deploy.scheduled"
    DEPLOY_READY = "deploy.ready"
    DEPLOY_FAILED = "deploy.failed"
    DEPLOY_LOST = "deploy.lost"
    CLEANUP_AVERTED = "cleanup.averted"
    CLEANUP_COMPLETED = "cleanup.completed"
    STOP_COMPLETED = "stop.completed"
    DELETE_COMPLETED = "delete.completed"
    RETRY_VERIFIED = "retry.verified"
    RETRY_FAILED = "retry.failed"
    ADMIN_PASSWORD_REVEALED = "admin_password.revealed"  # noqa: S105 - a name, not a password

    DATABASE_TIMEOUT = "database.timeout"
    DEPLOY_TIMEOUT = "deploy.timeout"
    INIT_TIMEOUT = "init.timeout"
    PURGE_DUE = "purge.due"
    RETRY_DUE = "retry.due"
    STEP_OVERDUE = "step.overdue"

    DATABASE_ALLOCATE = "database.allocate"
    DEPLOY_APPLY = "deploy.apply"
    DEPLOY_STOP = "deploy.stop"
    CLEANUP_RUN = "cleanup.run"
    DELETE_RUN = "delete.run"


TIMERS = frozenset(
    {
        EventType.DATABASE_TIMEOUT,
        EventType.DEPLOY_TIMEOUT,
        EventType.INIT_TIMEOUT,
        EventType.PURGE_DUE,
        EventType.RETRY_DUE,
        EventType.STEP_OVERDUE,
    }
)
DATABASE_COMMANDS = frozenset({EventType.DATABASE_ALLOCATE})
CLUSTER_COMMANDS = frozenset(
    {EventType.DEPLOY_APPLY, EventType.DEPLOY_STOP, EventType.CLEANUP_RUN, EventType.DELETE_RUN}
)
COMMANDS = DATABASE_COMMANDS | CLUSTER_COMMANDS
WISHES = frozenset(kind for kind in EventType if kind.endswith(".requested"))
BEGINNINGS = frozenset({EventType.PROVISION_REQUESTED, EventType.ADOPT_REQUESTED})
"""Wishes for an instance that does not exist yet."""
FACTS = frozenset(EventType) - WISHES - TIMERS - COMMANDS
DECIDED = WISHES | FACTS | TIMERS
"""What the lifecycle consumer subscribes to; commands are for the effects alone."""


def kind_of(event_type: EventType) -> Kind:
    """Which of the four kinds a type is of."""
    if event_type in WISHES:
        return Kind.WISH
    if event_type in COMMANDS:
        return Kind.COMMAND
    return Kind.TIMER if event_type in TIMERS else Kind.FACT
