"""Wishes on the bus are taken as those over HTTP: completed by their profile, or refused by name."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cluster.profiles import Profile, Profiles
from consumers.accepting import accepted_by
from schemas.errors import BadInput, ForbiddenEvent
from schemas.events import Actor, Event, wish
from schemas.payloads import AdoptRequested, ProvisionRequested, RetryRequested
from schemas.requests import Closed, InstanceRequest, RequestChange
from schemas.types import EventType

accept = accepted_by(Profiles(profiles={"large": Profile(cpu="2", memory="4Gi", allowed_images=())}))


def wished(event_type: EventType, data: Closed) -> Event:
    return wish(event_type, uuid4(), Actor("nats", "shop"), datetime.now(UTC), data)


def provision(**request: str) -> Event:
    data = ProvisionRequested(customer_id="acme", name="shop", request=InstanceRequest.model_validate(request))
    return wished(EventType.PROVISION_REQUESTED, data)


def test_what_a_request_leaves_out_is_filled_in_before_it_is_decided_and_recorded() -> None:
    event = provision(profile="large", memory="8Gi")
    taken = accept(event)
    assert isinstance(taken.data, ProvisionRequested)
    assert (taken.data.request.cpu, taken.data.request.memory) == ("2", "8Gi")
    assert (taken.id, taken.correlation_id) == (event.id, event.correlation_id)
    assert Event.decode(taken.encode()).data == taken.data


@pytest.mark.parametrize(
    ("request_", "field"), [({"profile": "none"}, "profile"), ({"profile": "large", "image": "odoo:9"}, "image")]
)
def test_what_could_never_be_carried_out_is_refused_by_name(request_: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        accept(provision(**request_))
    assert caught.value.field == f"request.{field}"


def test_a_retry_may_not_change_to_a_profile_that_is_not_there() -> None:
    with pytest.raises(BadInput, match="there is no profile 'none'"):
        accept(wished(EventType.RETRY_REQUESTED, RetryRequested(change=RequestChange(profile="none"))))


def test_what_is_no_request_is_left_as_it_is() -> None:
    event = wished(EventType.RETRY_REQUESTED, RetryRequested(change=RequestChange(cpu="1")))
    assert accept(event) is event


def test_an_adoption_is_not_taken_from_the_bus() -> None:
    """Whoever may publish wishes could else declare that a customer's database was never initialised."""
    found = AdoptRequested(customer_id="acme", name="shop", found="error", never_initialised=True)
    with pytest.raises(ForbiddenEvent, match="taken over HTTP alone"):
        accept(wished(EventType.ADOPT_REQUESTED, found))
