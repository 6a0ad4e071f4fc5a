"""How long everything takes that a kubelet would have to wait for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_INIT = re.compile(r"init-(\d+)s")
_START = re.compile(r"start-(\d+)s")


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
    # How long a node may say nothing before it is given up (50 s in a real cluster).
    silence: float = 20.0

    def init_of(self, image: str) -> float:
        return _named(_INIT, image, self.init)

    def start_of(self, images: Iterable[str]) -> float:
        """The time of the container that takes longest."""
        return max(_named(_START, image, self.start) for image in images)

    def backoff_after(self, failures: int) -> float:
        return float(min(self.backoff * 2 ** min(failures - 1, 10), self.longest_backoff))


def _named(pattern: re.Pattern[str], image: str, otherwise: float) -> float:
    found = pattern.search(image)
    return float(found[1]) if found else otherwise
