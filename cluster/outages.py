"""When the cluster came back that had not answered: what it shows then may be as old as its outage was long."""

from datetime import datetime, timedelta

LONG = timedelta(seconds=5)
"""What is over sooner changes nothing: a request that failed, a server that was started again."""

SETTLED_AFTER = timedelta(seconds=90)
"""By then nodes, scheduler and controllers have told what they did and done what they missed: each of them may wait for
60 s before it asks the API server again. Source: kubernetes client-go tools/cache/reflector.go (30 s, with jitter)
"""


class Outages:
    """What one process met of them. One that asks seldom takes an outage for as long as it may have been."""

    def __init__(self, now: datetime) -> None:
        self._answered = now
        self._failed = False
        self._back_since: datetime | None = None

    def failed(self) -> None:
        """A request was not answered, or with a fault of the server's."""
        self._failed = True

    def answered(self, now: datetime) -> None:
        """A request was answered."""
        if self._failed and now - self._answered >= LONG:
            self._back_since = now
        self._answered, self._failed = now, False

    def just_over(self, now: datetime) -> bool:
        """Whether the last one ended so lately that the cluster may not show yet what is so."""
        return self._back_since is not None and now < self._back_since + SETTLED_AFTER
