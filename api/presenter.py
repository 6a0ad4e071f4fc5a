"""Instances and results as people see them."""

from api.auth import Caller
from api.waiting import deadline_of, waiting
from persistence.batch import Result
from schemas.causes import REMEDIES
from schemas.views import Capacity, DatabaseView, InstanceView, RetryQueued, WishAccepted
from statemachine.instance import Instance
from statemachine.policy import Policy


def instance_view(instance: Instance, policy: Policy) -> InstanceView:
    """One instance, as `policy` treats it; nothing in it is secret."""
    assert instance.state_since is not None  # noqa: S101 - every instance that is kept has entered a state
    database = instance.database
    return InstanceView(
        id=instance.id,
        customer_id=instance.customer_id,
        name=instance.name,
        state=instance.state.value,
        status=instance.status,
        provisioning_status=instance.provisioning_status,
        can_retry=instance.can_retry,
        has_run=instance.has_run,
        held=instance.held,
        attempt=instance.attempt,
        auto_retries=instance.auto_retries,
        job_id=instance.job_id,
        request=instance.request,
        db_type=instance.request.db_type,
        database=DatabaseView.model_validate(database.model_dump()) if database is not None else None,
        error_code=instance.error_code,
        error_message=instance.error_message,
        cause=instance.cause,
        cause_code=instance.cause_code,
        remedy=_remedy(instance),
        waiting=waiting(instance, policy),
        deadline_at=deadline_of(instance),
        created_at=instance.created_at,
        state_since=instance.state_since,
    )


def _remedy(instance: Instance) -> str | None:
    code = instance.error_code or instance.cause_code
    return REMEDIES[code] if code is not None else None


def retry_queued(result: Result) -> RetryQueued:
    """The answer to a retry, whichever way it came."""
    return RetryQueued(instance_id=result.event.instance_id, job_id=result.event.correlation_id)


def wish_accepted(result: Result) -> WishAccepted:
    """The answer to any other wish."""
    instance = result.instance
    assert instance is not None  # noqa: S101 - only what exists can have accepted a wish
    return WishAccepted(
        message=f"{result.event.type.value} accepted",
        instance_id=instance.id,
        job_id=result.event.correlation_id,
        status=instance.status,
        provisioning_status=instance.provisioning_status,
    )


def capacity_for(caller: Caller, capacity: Capacity) -> Capacity:
    """The nodes, and what others have taken of them, are for admins alone."""
    if caller.only is None:
        return capacity
    short = "there is not enough room for this size now" if capacity.fits is False else None
    return capacity.model_copy(update={"nodes": [], "short": short})
