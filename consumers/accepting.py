"""Takes wishes on the bus as the HTTP API takes them at its door: completed by their profile, or refused."""

from collections.abc import Callable
from dataclasses import replace

from cluster.profiles import Profiles
from schemas.errors import ForbiddenEvent
from schemas.events import Event
from schemas.payloads import AdoptRequested, ProvisionRequested, RetryRequested


def accepted_by(profiles: Profiles) -> Callable[[Event], Event]:
    """What is to be decided in place of an event: a request in it with what it left out.

    Raises BadInput for a request with a profile or image that these profiles do not allow, and for an adoption: what
    it says was found decides whether data may be removed, so it must come from whoever looked.
    """

    def accept(event: Event) -> Event:
        data = event.data
        if isinstance(data, AdoptRequested):
            raise ForbiddenEvent("type", "adopt.requested is taken over HTTP alone, where what is there is looked at")
        if isinstance(data, ProvisionRequested):
            request = profiles.accept(data.request, data.customer_id, data.name)
            return replace(event, data=data.model_copy(update={"request": request}))
        if isinstance(data, RetryRequested) and data.change.profile is not None:
            profiles.get(data.change.profile)
        return event

    return accept
