"""Whether a retry has passed the step that had failed before."""

from schemas.payloads import RetryOutcome
from schemas.types import EventType
from statemachine.deciding import Deciding
from statemachine.states import State

_ORDER = (State.PENDING, State.ALLOCATING_DATABASE, State.DEPLOYING, State.INITIALIZING, State.RUNNING)


def verify_retry(d: Deciding) -> None:
    """Once the attempt is beyond the state that the last one failed in, that is recorded; then it is over."""
    instance = d.instance
    failed = instance.failed_state
    if not instance.verifying or failed is None or instance.state not in _ORDER:
        return
    if _ORDER.index(instance.state) > _ORDER.index(failed):
        instance.verifying = False
        d.follow(EventType.RETRY_VERIFIED, RetryOutcome(failed_step=failed))
