"""Follows a job until it has ended, by asking: that outlives restarts of the API, proxies and broken connections."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cli.client import Client, Document
from schemas.errors import DependencyDown

PAUSE = 0.3
PATIENCE = 60.0
"""Seconds for which an API that does not answer is asked again before following is given up."""

SUCCESS = ("succeeded", "averted")


@dataclass(frozen=True)
class Look:
    """A job and its instance, seen `seconds` after following began; `trouble` says that the API does not answer."""

    job: Document
    instance: Document
    seconds: float
    trouble: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job is over."""
        return self.job["ended_at"] is not None

    @property
    def succeeded(self) -> bool:
        """Whether it came to a good end."""
        return self.job["status"] in SUCCESS


def follow(
    client: Client,
    job_id: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Look]:
    """Looks at the job until it has ended; the last one is its end. Raises DependencyDown after PATIENCE in vain."""
    began = answered = clock()
    seen: Look | None = None
    while seen is None or not seen.ended:
        try:
            job = client.get(f"/api/jobs/{job_id}")
            seen = Look(job, client.get(f"/api/instances/{job['instance_id']}"), clock() - began)
            answered = clock()
            yield seen
        except DependencyDown as error:
            if clock() - answered > PATIENCE:
                raise
            if seen is not None:
                yield Look(seen.job, seen.instance, clock() - began, str(error))
        if seen is None or not seen.ended:
            pause(PAUSE)
