"""How long everything takes that a kubelet would have to wait for."""

from dataclasses import dataclass

from embedded.simulated import objects
from embedded.simulated.objects import Object

INIT_DELAY = "simulated.reprise.dev/init-delay"
START_DELAY = "simulated.reprise.dev/start-delay"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. Backoffs double up to `longest_backoff`, as a kubelet's do (10 s, 20 s, … 300 s)."""

    init: float = 0.3
    start: float = 0.2
    stop: float = 0.05
    # How long a failing container runs, and a failing pull takes.
    failure: float = 0.1
    backoff: float = 10.0
    longest_backoff: float = 300.0
    # How soon a missing Secret or ConfigMap is looked for again.
    retry: float = 1.0

    def init_of(self, pod: Object) -> float:
        return _seconds(objects.annotations(pod).get(INIT_DELAY), self.init)

    def start_of(self, pod: Object) -> float:
        return _seconds(objects.annotations(pod).get(START_DELAY), self.start)

    def backoff_after(self, failures: int) -> float:
        return float(min(self.backoff * 2 ** min(failures - 1, 10), self.longest_backoff))


def _seconds(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise
