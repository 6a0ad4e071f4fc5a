"""The model that the state machine moves while it decides one event: the instance's copy and what is to be sent."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid5

from schemas.events import Actor, Event
from schemas.payloads import Nothing, TimerDue
from schemas.requests import Closed
from schemas.types import EventType
from statemachine.decision import Timer
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import MEANINGS, State

LIFECYCLE = Actor("lifecycle", "lifecycle")
TIMER = Actor("timer", "relay")
RETRY_POLICY = Actor("policy", "retry")


class Deciding:
    """One event under decision. `state` is what the machine reads and writes."""

    __slots__ = (
        "drops_timers",
        "event",
        "follow_ups",
        "instance",
        "now",
        "policy",
        "recorded",
        "refused",
        "sends",
        "state",
        "timers",
        "why",
    )

    def __init__(self, instance: Instance, event: Event, now: datetime, policy: Policy) -> None:
        self.instance = instance
        self.event = event
        self.now = now
        self.policy = policy
        self.state: str = instance.state.value
        self.why = ""
        self.recorded = True
        self.refused = False
        self.drops_timers = False
        self.sends: list[Event] = []
        self.timers: list[Timer] = []
        self.follow_ups: list[Event] = []

    def enter(self, *_: object) -> None:
        """Into a state, perhaps the same again: a new step, the old timers dropped, the state's own things sent."""
        instance, meaning = self.instance, MEANINGS[State(self.state)]
        instance.state = State(self.state)
        instance.step += 1
        instance.state_since = self.now
        instance.overdue = 0
        instance.cause = instance.cause_code = instance.deadline_at = instance.applied_at = None
        self.drops_timers = True
        self.send_command()
        if meaning.deadline is not None:
            self.set_deadline(meaning.deadline, self.deadline_of(meaning.deadline))

    def send_command(self) -> None:
        """The state's command, and the timer that sends it again; a held instance is not healed."""
        meaning = MEANINGS[self.instance.state]
        if meaning.command is None or (self.instance.held and self.instance.state is State.DEGRADED):
            return
        self.sends.append(self._caused(meaning.command, Nothing(), LIFECYCLE))
        if meaning.repeats:
            delay = self.policy.overdue_delay(self.instance.overdue)
            self.set_timer(EventType.STEP_OVERDUE, delay, count=self.instance.overdue + 1)

    def deadline_of(self, timer: EventType) -> float:
        """How many seconds a deadline allows; only the one for room can be stretched by the request's patience."""
        if timer is EventType.DEPLOY_TIMEOUT:
            return self.instance.request.patience or self.policy.deploy_timeout
        return {
            EventType.DATABASE_TIMEOUT: self.policy.database_timeout,
            EventType.INIT_TIMEOUT: self.policy.init_timeout,
            EventType.PURGE_DUE: self.policy.purge_after,
        }[timer]

    def set_deadline(self, timer: EventType, after: float) -> None:
        """The timer that ends this step; while held, only its time is kept."""
        self.instance.deadline_at = self.now + timedelta(seconds=after)
        if not self.instance.held:
            self.set_timer(timer, after)

    def set_timer(self, timer: EventType, after: float, count: int = 0) -> None:
        """An event of this step, `after` seconds from now."""
        event = self._caused(timer, TimerDue(after=after, count=count), TIMER)
        if timer is EventType.RETRY_DUE:  # like a person's wish, it begins a job of its own
            event = replace(event, actor=RETRY_POLICY, correlation_id=event.id)
        self.timers.append(Timer(self.now + timedelta(seconds=after), event))

    def follow(self, event_type: EventType, data: Closed) -> None:
        """Something to be decided and recorded next, as learnt from this event."""
        self.follow_ups.append(self._caused(event_type, data, LIFECYCLE))

    def _caused(self, event_type: EventType, data: Closed, actor: Actor) -> Event:
        """Its id follows from the causing event, so that deciding the same again (a replay) says the same."""
        instance = self.instance
        return Event(
            id=uuid5(self.event.id, event_type.value),
            type=event_type,
            instance_id=instance.id,
            time=self.now,
            actor=actor,
            data=data,
            correlation_id=instance.job_id,
            attempt=instance.attempt,
            step=instance.step,
            causation_id=self.event.id,
            traceparent=self.event.traceparent,
        )


class Silent(Deciding):
    """Decides the same, and makes nothing of what would be sent: no row of the audit log tells of it."""

    __slots__ = ()

    def send_command(self) -> None:
        """No command."""

    def set_timer(self, timer: EventType, after: float, count: int = 0) -> None:
        """No timer."""
