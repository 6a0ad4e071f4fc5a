"""Conditions of the state table: each a named question, with the sentence that says why the answer was no."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.payloads import AdoptedObjects, AdoptRequested, DeleteRequested
from schemas.types import EventType
from statemachine.deciding import Deciding


@dataclass(frozen=True, slots=True)
class Guard:
    """`name` stands in the diagram, `why` in the audit log when the guard refused."""

    name: str
    test: Callable[[Deciding], bool]
    why: str

    def __call__(self, deciding: Deciding) -> bool:
        if self.test(deciding):
            return True
        deciding.why = self.why
        return False


def _found(deciding: Deciding) -> str:
    data = deciding.event.data
    if not isinstance(data, AdoptRequested):
        return ""
    return "degraded" if data.found == "error" and not data.never_initialised else data.found


def _left_objects(deciding: Deciding) -> bool:
    data = deciding.event.data
    return isinstance(data, AdoptRequested) and data.objects != AdoptedObjects()


def _at_once(deciding: Deciding) -> bool:
    data = deciding.event.data
    return isinstance(data, DeleteRequested) and data.now


held = Guard("held", lambda d: d.instance.held, "the instance is not held")
not_held = Guard("not held", lambda d: not d.instance.held, "the instance is held; release it first")
at_once = Guard("now", _at_once, "the instance is in the trash already; delete it with `now` to remove it for good")
avertable = Guard("avertable", lambda d: d.instance.avertable, "the clean-up was asked for and goes on")
timed_out_waiting = Guard(
    "by deploy.timeout",
    lambda d: d.instance.avertable and d.instance.failed_by is EventType.DEPLOY_TIMEOUT,
    "the attempt did not fail by waiting for a node",
)
found_running = Guard("found running", lambda d: _found(d) == "running", "it was not found running")
found_degraded = Guard("found degraded", lambda d: _found(d) == "degraded", "it was not found degraded")
found_stopped = Guard("found stopped", lambda d: _found(d) == "stopped", "it was not found stopped")
never_initialised = Guard(
    "never initialised", lambda d: _found(d) == "error", "it may have been initialised: its data must be kept"
)
left_objects = Guard("left objects", _left_objects, "there is nothing to clean up")
policy_retries = Guard(
    "by the policy",
    lambda d: d.policy.retries(d.instance),
    "the retry policy does not retry this cause, or not this often",
)
retry_planned = Guard(
    "retry planned", lambda d: d.instance.deadline_at is not None, "no retry is planned that could be cancelled"
)
next_repetition = Guard(
    "next repetition",
    lambda d: getattr(d.event.data, "count", None) == d.instance.overdue + 1,
    "this repetition has been dealt with",
)
