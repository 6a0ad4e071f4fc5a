"""The one place that knows what an event does to an instance."""

from datetime import datetime

from schemas.events import Event
from schemas.payloads import AdoptRequested, ProvisionRequested
from schemas.types import Kind
from statemachine.brake import ENGAGED, stopped
from statemachine.deciding import Deciding
from statemachine.decision import Decision, Outcome
from statemachine.instance import Instance
from statemachine.machine import Move, move
from statemachine.policy import Policy
from statemachine.states import State
from statemachine.verification import verify_retry


def decide(
    instance: Instance | None,
    event: Event,
    now: datetime,
    policy: Policy,
    *,
    move: Move = move,
    deciding: type[Deciding] = Deciding,
) -> Decision:
    """What `event` does to `instance` at `now` under `policy`. Pure: `instance` is not changed.

    `move` moves by the state table of this version, unless another is given; `deciding` may be one that is silent.
    An event of an earlier step is stale; one that the table has no edge for is rejected, with the sentence why.
    """
    before = instance if instance is not None else _blank(event, now)
    if before is None:
        return Decision(Outcome.REJECTED, None, "Instance not found")
    if event.kind is not Kind.WISH and event.step != before.step:
        return Decision(Outcome.STALE, before, f"belongs to step {event.step}, and step {before.step} has begun")
    if policy.braked and stopped(event.type, before):
        return Decision(Outcome.REJECTED, before, ENGAGED, recorded=False, postponed=True)
    d = deciding(before.copy(), event, now, policy)
    if not move(d):
        return Decision(Outcome.REJECTED, instance, d.why or _impossible(before, event))
    verify_retry(d)
    return Decision(
        Outcome.REJECTED if d.refused else Outcome.APPLIED,
        d.instance,
        d.why if d.refused else "",
        d.recorded,
        drops_timers=d.drops_timers,
        sends=d.sends,
        timers=d.timers,
        follow_ups=d.follow_ups,
    )


def _blank(event: Event, now: datetime) -> Instance | None:
    data = event.data
    if not isinstance(data, ProvisionRequested | AdoptRequested):
        return None
    return Instance(
        id=event.instance_id,
        customer_id=data.customer_id,
        name=data.name,
        request=data.request,
        job_id=event.correlation_id,
        created_at=now,
    )


def _impossible(instance: Instance, event: Event) -> str:
    if instance.state is State.NONE:
        return f"{event.type.value} cannot begin an instance"
    return f"{event.type.value} is not possible while the instance is {instance.state.value}"
