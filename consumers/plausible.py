"""Refuses wishes on the bus that could never be carried out, as the HTTP API refuses them at its door."""

from collections.abc import Callable

from cluster.profiles import Profiles
from schemas.events import Event
from schemas.payloads import AdoptRequested, ProvisionRequested, RetryRequested


def checked_with(profiles: Profiles) -> Callable[[Event], None]:
    """A check of events: raises BadInput for a request with a profile or image that these profiles do not allow."""

    def check(event: Event) -> None:
        data = event.data
        if isinstance(data, ProvisionRequested | AdoptRequested):
            profiles.check(data.request)
        elif isinstance(data, RetryRequested) and data.change.profile is not None:
            profiles.get(data.change.profile)

    return check
