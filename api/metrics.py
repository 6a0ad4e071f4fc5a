"""Counts what is decided, for Prometheus; the writer calls it after each commit."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram

from persistence.batch import Result
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.states import State

_SPANS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 6 * 3600, 86_400, 7 * 86_400)
_LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_FAILED = frozenset({State.CLEANING_UP, State.DEGRADED, State.ERROR})


class Metrics:
    """The counters of one process. What the whole installation shares is measured when it is asked for (gauges.py)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._decided = Counter(
            "reprise_events_decided",
            "Events decided, by edge of the state table and outcome.",
            ("type", "state_before", "state_after", "outcome"),
            registry=self.registry,
        )
        self._time_in_state = Histogram(
            "reprise_state_seconds",
            "How long instances stayed in a state, by the state they left.",
            ("state",),
            buckets=_SPANS,
            registry=self.registry,
        )
        self._relayed = Counter("reprise_relayed", "Rows of the outbox that JetStream has.", registry=self.registry)
        self._relay_lag = Histogram(
            "reprise_relay_lag_seconds",
            "From the time the oldest row of a batch was due until JetStream had the batch.",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._failures = Counter(
            "reprise_failures",
            "Attempts to provision or to start that failed, by error_code.",
            ("error_code",),
            registry=self.registry,
        )

    def on_relayed(self, rows: int, seconds: float) -> None:
        """An observer of the relay."""
        self._relayed.inc(rows)
        self._relay_lag.observe(seconds)

    def on_results(self, results: Sequence[Result]) -> None:
        """An observer of the writer."""
        for result in results:
            self._count(result)

    def _count(self, result: Result) -> None:
        before, after = result.before, result.instance
        self._decided.labels(result.event.type.value, _state(before), _state(after), result.outcome.value).inc()
        if result.outcome is not Outcome.APPLIED or after is None or _state(before) == _state(after):
            return
        if before is not None and before.state_since is not None and after.state_since is not None:
            stayed = (after.state_since - before.state_since).total_seconds()
            self._time_in_state.labels(before.state.value).observe(max(stayed, 0.0))
        code = after.cause_code if after.state is State.DEGRADED else after.error_code
        if after.state in _FAILED and code is not None and (before is None or before.error_code is None):
            self._failures.labels(code.value).inc()


def _state(instance: Instance | None) -> str:
    return (instance.state if instance is not None else State.NONE).value
