"""The state table: every edge an instance can take, as data. What stands nowhere here does not happen."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.types import EventType as E
from statemachine import actions as do
from statemachine import guards as when
from statemachine.deciding import Deciding
from statemachine.guards import Guard
from statemachine.states import MEANINGS
from statemachine.states import State as S

Action = Callable[[Deciding], None]


@dataclass(frozen=True, slots=True)
class Edge:
    """From any of `sources`, on `event`, to `dest` (None: it stays, and the step with it).

    `then` runs before the state is entered, `after` when it has been. Edges of one event are tried in the order
    in which they stand; the first whose guard agrees is taken.
    """

    sources: tuple[S, ...]
    event: E
    dest: S | None
    when: tuple[Guard, ...] = ()
    then: tuple[Action, ...] = ()
    after: tuple[Action, ...] = field(default=())


EXISTING = tuple(MEANINGS)
RAN = (S.RUNNING, S.DEGRADED, S.STOPPING, S.STOPPED, S.STARTING)
NEVER_RAN = (
    S.PENDING,
    S.ALLOCATING_DATABASE,
    S.DEPLOYING,
    S.INITIALIZING,
    S.CLEANING_UP,
    S.CLEANING_UP_BEFORE_RETRY,
    S.ERROR,
)
ON_THE_WAY = (S.DEPLOYING, S.INITIALIZING)
CLEANING = (S.CLEANING_UP, S.CLEANING_UP_BEFORE_RETRY)
TRANSITIONAL = tuple(state for state, meaning in MEANINGS.items() if meaning.repeats)

BEGINNINGS = (
    Edge((S.NONE,), E.PROVISION_REQUESTED, S.PENDING, then=(do.accept, do.begin_attempt)),
    Edge((S.NONE,), E.ADOPT_REQUESTED, S.RUNNING, (when.found_running,), (do.adopt, do.has_run)),
    Edge((S.NONE,), E.ADOPT_REQUESTED, S.DEGRADED, (when.found_degraded,), (do.adopt, do.has_run), (do.show_found,)),
    Edge((S.NONE,), E.ADOPT_REQUESTED, S.STOPPED, (when.found_stopped,), (do.adopt, do.has_run)),
    Edge((S.NONE,), E.ADOPT_REQUESTED, S.CLEANING_UP, (when.never_initialised, when.left_objects), (do.adopt_failed,)),
    Edge((S.NONE,), E.ADOPT_REQUESTED, S.ERROR, (when.never_initialised,), (do.adopt_failed,)),
)
PROVISIONING = (
    Edge((S.PENDING,), E.PROVISION_ADMITTED, S.ALLOCATING_DATABASE, (when.not_held,)),
    Edge((S.ALLOCATING_DATABASE,), E.DATABASE_ALLOCATED, S.DEPLOYING, then=(do.keep_database,)),
    Edge((S.DEPLOYING, S.STARTING), E.DEPLOY_APPLIED, None, then=(do.start_deadline,)),
    Edge((*ON_THE_WAY, S.STARTING, S.DEGRADED), E.DEPLOY_PROGRESSING, None, then=(do.show_cause,)),
    Edge((S.DEPLOYING,), E.DEPLOY_SCHEDULED, S.INITIALIZING, then=(do.note_scheduled,)),
    Edge(ON_THE_WAY, E.DEPLOY_READY, S.RUNNING, then=(do.has_run,)),
)
FAILURE = (
    Edge((S.ALLOCATING_DATABASE,), E.DATABASE_FAILED, S.CLEANING_UP, (when.not_held,), (do.fail,)),
    Edge((S.ALLOCATING_DATABASE,), E.DATABASE_TIMEOUT, S.CLEANING_UP, (when.not_held,), (do.fail,)),
    Edge((*ON_THE_WAY, S.STARTING), E.DEPLOY_FAILED, None, (when.held,), (do.show_cause,)),
    Edge(ON_THE_WAY, E.DEPLOY_FAILED, S.CLEANING_UP, (when.not_held,), (do.fail,)),
    Edge(ON_THE_WAY, E.DEPLOY_TIMEOUT, S.CLEANING_UP, (when.not_held,), (do.fail,)),
    Edge(ON_THE_WAY, E.INIT_TIMEOUT, S.CLEANING_UP, (when.not_held,), (do.fail,)),
    Edge((S.ALLOCATING_DATABASE,), E.CANCEL_REQUESTED, S.CLEANING_UP, then=(do.fail,)),
    Edge(ON_THE_WAY, E.CANCEL_REQUESTED, S.CLEANING_UP, then=(do.fail,)),
    Edge((S.PENDING,), E.CANCEL_REQUESTED, S.ERROR, then=(do.fail,)),
)
CLEANUP = (
    Edge((S.CLEANING_UP,), E.DEPLOY_SCHEDULED, S.INITIALIZING, (when.timed_out_waiting,), (do.note_scheduled,)),
    Edge(CLEANING, E.CLEANUP_AVERTED, S.RUNNING, (when.avertable,), (do.has_run,)),
    Edge(CLEANING, E.CLEANUP_AVERTED, None, then=(do.insist,)),
    Edge((S.CLEANING_UP,), E.CANCEL_REQUESTED, None, then=(do.forbid_averting,)),
    Edge((S.CLEANING_UP,), E.CLEANUP_COMPLETED, S.ERROR, after=(do.report_failed_retry, do.plan_retry)),
)
RETRY = (
    Edge((S.ERROR,), E.RETRY_REQUESTED, S.PENDING, then=(do.take_up, do.accept_retry, do.begin_attempt)),
    Edge(
        (S.CLEANING_UP,),
        E.RETRY_REQUESTED,
        S.CLEANING_UP_BEFORE_RETRY,
        then=(do.wait_for_cleanup,),
        after=(do.report_failed_retry, do.accept_retry),
    ),
    Edge(
        (S.CLEANING_UP_BEFORE_RETRY,),
        E.CANCEL_REQUESTED,
        S.CLEANING_UP,
        then=(do.forbid_averting, do.drop_waiting_retry),
    ),
    Edge(
        (S.CLEANING_UP_BEFORE_RETRY,),
        E.CLEANUP_COMPLETED,
        S.PENDING,
        then=(do.begin_waiting_retry, do.begin_attempt),
    ),
    Edge(
        (S.ERROR,),
        E.RETRY_DUE,
        S.PENDING,
        (when.not_held, when.policy_retries),
        (do.take_up, do.retry_again, do.begin_attempt),
    ),
    Edge((S.ERROR,), E.RETRY_DUE, None, (when.not_held,), (do.drop_planned_retry,)),
    Edge((S.ERROR,), E.CANCEL_REQUESTED, None, (when.retry_planned,), (do.drop_planned_retry,)),
    Edge(EXISTING, E.RETRY_VERIFIED, None),
    Edge(EXISTING, E.RETRY_FAILED, None),
)
RUNNING = (
    Edge((S.RUNNING,), E.DEPLOY_LOST, S.DEGRADED, after=(do.show_lost,)),
    Edge((S.DEGRADED,), E.DEPLOY_FAILED, None, then=(do.show_cause,)),
    Edge((S.DEGRADED, S.STARTING), E.DEPLOY_READY, S.RUNNING, then=(do.has_run,)),
    Edge((S.RUNNING, S.DEGRADED, S.STARTING), E.STOP_REQUESTED, S.STOPPING, then=(do.take_up,)),
    Edge((S.STOPPING,), E.STOP_COMPLETED, S.STOPPED),
    Edge((S.STOPPED, S.DEGRADED), E.START_REQUESTED, S.STARTING, then=(do.take_up,)),
    Edge((S.STARTING,), E.DEPLOY_FAILED, S.DEGRADED, (when.not_held,), after=(do.show_failure,)),
    Edge((S.STARTING,), E.DEPLOY_TIMEOUT, S.DEGRADED, (when.not_held,), after=(do.show_failure,)),
    Edge((S.STARTING,), E.CANCEL_REQUESTED, S.DEGRADED, after=(do.show_failure,)),
)
REMOVAL = (
    Edge(RAN, E.DELETE_REQUESTED, S.DELETING, (when.at_once,), (do.take_up,)),
    Edge(RAN, E.DELETE_REQUESTED, S.TRASHED, then=(do.take_up,)),
    Edge(NEVER_RAN, E.DELETE_REQUESTED, S.DELETING, then=(do.take_up,)),
    Edge((S.TRASHED,), E.STOP_COMPLETED, None, then=(do.settle_in_trash,)),
    Edge((S.TRASHED,), E.RESTORE_REQUESTED, S.STOPPING, then=(do.take_up,)),
    Edge((S.TRASHED,), E.PURGE_DUE, S.DELETING, (when.not_held,)),
    Edge((S.TRASHED,), E.DELETE_REQUESTED, S.DELETING, (when.at_once,), (do.take_up,)),
    Edge((S.DELETING,), E.DELETE_COMPLETED, S.DELETED),
)
UPKEEP = (
    Edge(TRANSITIONAL, E.STEP_OVERDUE, None, (when.next_repetition,), (do.send_again,)),
    Edge(EXISTING[:-1], E.HOLD_REQUESTED, None, (when.not_held,), (do.hold,)),
    Edge(EXISTING[:-1], E.RELEASE_REQUESTED, None, (when.held,), (do.release,)),
    Edge(EXISTING, E.ADMIN_PASSWORD_REVEALED, None),
)
EDGES: tuple[Edge, ...] = (*BEGINNINGS, *PROVISIONING, *FAILURE, *CLEANUP, *RETRY, *RUNNING, *REMOVAL, *UPKEEP)
