"""What the brake stops: while it is on, no instance is given up, none is healed or retried by itself, deadlines wait.

The brake goes on when many instances are lost or time out at once: that is a fault of the cluster or of Reprise, and
acting upon it would harm instances that are well.
"""

from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State

ENGAGED = "the brake is on: too many instances were lost or timed out at once; release it first"

_GIVES_UP = frozenset(
    {
        EventType.DATABASE_FAILED,
        EventType.DATABASE_TIMEOUT,
        EventType.DEPLOY_FAILED,
        EventType.DEPLOY_TIMEOUT,
        EventType.INIT_TIMEOUT,
        EventType.DEPLOY_LOST,
    }
)


def stopped(event_type: EventType, instance: Instance) -> bool:
    """Whether the brake keeps this event from being decided; it comes again until the brake is released."""
    if instance.state is State.DEGRADED:
        return event_type is EventType.STEP_OVERDUE
    return event_type in _GIVES_UP or event_type is EventType.RETRY_DUE  # the policy's tries are not for such a fault


def unexplained(event_type: EventType, instance: Instance) -> bool:
    """Whether this event counts towards the brake.

    An attempt that times out for a cause that the cluster itself told does not: cluster and watcher plainly work.
    """
    if event_type is EventType.DEPLOY_LOST:
        return instance.state is State.RUNNING
    return event_type in (EventType.DEPLOY_TIMEOUT, EventType.INIT_TIMEOUT) and instance.cause_code is None
