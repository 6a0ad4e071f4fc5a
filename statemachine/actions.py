"""What the edges of the state table do to an instance, besides moving it; the words of the failures stand here."""

from schemas.codes import ErrorCode
from schemas.payloads import (
    AdoptRequested,
    DatabaseAllocated,
    Failure,
    Lost,
    Progress,
    ProvisionRequested,
    RetryOutcome,
    RetryRequested,
    TimerDue,
)
from schemas.requests import RequestChange
from schemas.types import EventType
from statemachine.deciding import Deciding
from statemachine.states import MEANINGS, State

_TIMED_OUT = {
    EventType.DATABASE_TIMEOUT: "The database was not allocated",
    EventType.DEPLOY_TIMEOUT: "Deployment did not become ready",
    EventType.INIT_TIMEOUT: "Odoo did not become ready on its node",
}
_LATER = {
    State.DEPLOYING: EventType.DEPLOY_TIMEOUT,
    State.STARTING: EventType.DEPLOY_TIMEOUT,
    State.ERROR: EventType.RETRY_DUE,
}
"""The deadlines that do not start with their state."""


def accept(d: Deciding) -> None:
    """What was asked for becomes the instance's own."""
    if isinstance(d.event.data, ProvisionRequested | AdoptRequested):
        d.instance.request = d.event.data.request


def adopt(d: Deciding) -> None:
    """An instance that exists already: its first attempt is the one it was made in."""
    accept(d)
    if isinstance(d.event.data, AdoptRequested):
        d.instance.attempt = 1
        d.instance.database = d.event.data.database
        d.instance.adopted = d.event.data.objects


def adopt_failed(d: Deciding) -> None:
    """It never ran: why not, as far as whoever adopts it could see."""
    adopt(d)
    if isinstance(d.event.data, AdoptRequested):
        d.instance.error_code = d.event.data.error_code or ErrorCode.TIMEOUT
        d.instance.error_message = d.event.data.error_message or "It had not become ready when it was adopted."


def show_found(d: Deciding) -> None:
    """Why it does not serve, as it was found."""
    if isinstance(d.event.data, AdoptRequested):
        d.instance.cause_code, d.instance.cause = d.event.data.error_code, d.event.data.error_message


def take_up(d: Deciding) -> None:
    """The job that people follow is now this wish's."""
    d.instance.job_id = d.event.correlation_id


def begin_attempt(d: Deciding) -> None:
    """The next attempt joins the queue with nothing of the last one but where it failed."""
    instance = d.instance
    instance.attempt += 1
    instance.queued_at = d.now
    instance.init_began = False
    instance.avertable = True
    instance.error_code = instance.error_message = instance.failed_by = None
    instance.adopted = None


def accept_retry(d: Deciding) -> None:
    """The request as the retry changes it; whether the failed step passes this time will be verified."""
    if isinstance(d.event.data, RetryRequested):
        d.instance.request = d.event.data.change.applied_to(d.instance.request)
    d.instance.verifying = d.instance.failed_state is not None
    d.instance.auto_retries = 0


def plan_retry(d: Deciding) -> None:
    """The policy tries again later, for a cause that it names; what a person has cancelled stays in error."""
    if d.policy.retries(d.instance):
        d.set_deadline(EventType.RETRY_DUE, d.policy.retry_delay(d.instance.auto_retries, d.event.id))


def retry_again(d: Deciding) -> None:
    """By the policy: the same request, but for the patience, which was the last attempt's alone."""
    d.instance.auto_retries += 1
    d.instance.request = RequestChange().applied_to(d.instance.request)
    d.instance.verifying = d.instance.failed_state is not None


def drop_planned_retry(d: Deciding) -> None:
    """A person does not want it, or the policy has been changed: it waits for a person."""
    d.instance.deadline_at = None
    d.drops_timers = True


def wait_for_cleanup(d: Deciding) -> None:
    """The retry is kept; its job begins when the clean-up is done."""
    d.instance.waiting_job_id = d.event.correlation_id


def begin_waiting_retry(d: Deciding) -> None:
    """The retry that waited is now the job."""
    if d.instance.waiting_job_id is not None:
        d.instance.job_id = d.instance.waiting_job_id
    d.instance.waiting_job_id = None


def drop_waiting_retry(d: Deciding) -> None:
    """The retry that waited was cancelled."""
    d.instance.waiting_job_id = None
    d.instance.verifying = False


def keep_database(d: Deciding) -> None:
    """Which database it is; the password stays with the database-service."""
    if isinstance(d.event.data, DatabaseAllocated):
        d.instance.database = d.event.data


def start_deadline(d: Deciding) -> None:
    """The cluster has accepted the objects: only now does waiting for room time out, and nothing is overdue."""
    allowed = _remaining(d)
    d.instance.applied_at = d.now
    d.drops_timers = True
    d.set_deadline(EventType.DEPLOY_TIMEOUT, d.deadline_of(EventType.DEPLOY_TIMEOUT) if allowed is None else allowed)


def show_cause(d: Deciding) -> None:
    """Why it waits or fails, live; the same cause again is not worth a row."""
    code, cause = _said(d)
    d.recorded = (code, cause) != (d.instance.cause_code, d.instance.cause)
    d.instance.cause_code, d.instance.cause = code, cause


def fail(d: Deciding) -> None:
    """The attempt has failed: the state it failed in, the code, and one sentence with the cause."""
    instance = d.instance
    instance.error_code, instance.error_message = _failure(d)
    instance.failed_state = instance.state
    instance.failed_by = d.event.type
    instance.avertable = d.event.type is not EventType.CANCEL_REQUESTED


def show_failure(d: Deciding) -> None:
    """What had run did not come back: shown as the cause, since nothing of it is given up."""
    d.instance.cause_code, d.instance.cause = _failure(d)


def _said(d: Deciding) -> tuple[ErrorCode | None, str | None]:
    data = d.event.data
    if isinstance(data, Progress):
        return data.error_code, data.cause
    if isinstance(data, Failure):
        return data.error_code, data.error_message
    return None, data.cause if isinstance(data, Lost) else None


def _failure(d: Deciding) -> tuple[ErrorCode, str]:
    data = d.event.data
    if isinstance(data, Failure):
        return data.error_code, data.error_message
    if isinstance(data, TimerDue):
        sentence = f"{_TIMED_OUT[d.event.type]} within {data.after:g} s"
        code = d.instance.cause_code or _timeout_code(d.event.type)
        return code, f"{sentence}: {d.instance.cause}" if d.instance.cause else f"{sentence}."
    because = f" ({d.event.reason})" if d.event.reason else ""
    return ErrorCode.CANCELLED, f"Cancelled by {d.event.actor.name}{because}."


def _timeout_code(timer: EventType) -> ErrorCode:
    return ErrorCode.DATABASE_UNAVAILABLE if timer is EventType.DATABASE_TIMEOUT else ErrorCode.TIMEOUT


def note_scheduled(d: Deciding) -> None:
    """A node has the pod: from now on its database may be half initialised."""
    d.instance.init_began = True
    d.instance.error_code = d.instance.error_message = d.instance.failed_by = None


def has_run(d: Deciding) -> None:
    """From now on and for ever, volume and database hold a customer's work."""
    instance = d.instance
    instance.has_run = True
    instance.waiting_job_id = None
    instance.auto_retries = 0
    instance.error_code = instance.error_message = instance.failed_by = None


def show_lost(d: Deciding) -> None:
    """What the cluster lost, while it is being healed."""
    d.instance.cause_code, d.instance.cause = _said(d)


def forbid_averting(d: Deciding) -> None:
    """A person wants it gone: what turns ready now is not kept any more."""
    d.instance.avertable = False


def insist(d: Deciding) -> None:
    """It turned ready after it was cancelled: the clean-up is told to go on."""
    d.refused = True
    d.send_command()


def report_failed_retry(d: Deciding) -> None:
    """The attempt that was to verify a retry has failed, and is clean or makes way for the next retry."""
    instance = d.instance
    if instance.verifying and instance.failed_state is not None:
        instance.verifying = False
        outcome = RetryOutcome(
            failed_step=instance.failed_state,
            error_code=instance.error_code,
            error_message=instance.error_message,
        )
        d.follow(EventType.RETRY_FAILED, outcome)


def settle_in_trash(d: Deciding) -> None:
    """It is scaled to zero: only the purge is still to come."""
    d.drops_timers = True
    if d.instance.deadline_at is not None and not d.instance.held:
        d.set_timer(EventType.PURGE_DUE, (d.instance.deadline_at - d.now).total_seconds())


def send_again(d: Deciding) -> None:
    """The command may have been lost; recorded the first time only."""
    d.recorded = d.instance.overdue == 0
    d.instance.overdue += 1
    d.send_command()


def hold(d: Deciding) -> None:
    """Deadlines wait; commands that are out are still repeated, but not what would be healing."""
    d.instance.held_at = d.now
    d.drops_timers = True
    if not d.instance.left_alone:
        delay = d.policy.overdue_delay(d.instance.overdue)
        d.set_timer(EventType.STEP_OVERDUE, delay, count=d.instance.overdue + 1)


def release(d: Deciding) -> None:
    """The step begins anew, with what was left of its deadline."""
    instance = d.instance
    remaining = _remaining(d)
    applied_at, cause, cause_code = instance.applied_at, instance.cause, instance.cause_code
    instance.held_at = None
    d.enter()
    instance.applied_at, instance.cause, instance.cause_code = applied_at, cause, cause_code
    if remaining is not None:
        _resume_deadline(d, remaining)


def _remaining(d: Deciding) -> float | None:
    """What is left of the deadline, in seconds; while an instance is held its time stands still."""
    instance = d.instance
    if instance.deadline_at is None:
        return None
    since = d.now
    if instance.held_at is not None:
        since = max(t for t in (instance.held_at, instance.applied_at, instance.state_since) if t is not None)
    return max((instance.deadline_at - since).total_seconds(), 0.0)


def _resume_deadline(d: Deciding, remaining: float) -> None:
    timer = MEANINGS[d.instance.state].deadline or _LATER[d.instance.state]
    d.timers = [planned for planned in d.timers if planned.event.type is not timer]
    d.set_deadline(timer, remaining)
