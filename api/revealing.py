"""Shows the password of an instance's admin: first it is recorded who asked and why, and only then it is shown."""

from dataclasses import replace
from uuid import UUID, uuid4

from api.wishes import Wisher
from schemas.errors import NotFound, NotYet
from schemas.events import Event
from schemas.payloads import Nothing
from schemas.types import EventType
from schemas.views import AdminPassword
from statemachine.decision import Outcome
from statemachine.instance import Instance

MOVES = 5
"""How often the instance may have moved between the look at its Secret and the record."""


async def reveal(wisher: Wisher, instance_id: UUID, reason: str) -> AdminPassword:
    """The password, once that is recorded. The password itself stands in no event, no row and no log line.

    Raises NotFound where there is no instance or no password is kept, and DependencyDown; then nothing was shown.
    """
    for _ in range(MOVES):
        instance = await wisher.visible(instance_id)
        password = await wisher.backend.objects.admin_password(instance)
        if not password:
            raise NotFound(_why_none(instance))
        [result] = await wisher.backend.writer.apply([_revealed(wisher, instance, reason)])
        if result.outcome is Outcome.APPLIED:
            return AdminPassword(instance_id=instance_id, password=password)
    raise NotYet("the instance keeps moving")


def _revealed(wisher: Wisher, instance: Instance, reason: str) -> Event:
    """The fact; under the step whose Secret was read, so that it is not said of another attempt."""
    event = wisher.event(EventType.ADMIN_PASSWORD_REVEALED, instance.id, uuid4(), Nothing(), reason)
    return replace(event, attempt=instance.attempt, step=instance.step)


def _why_none(instance: Instance) -> str:
    if not instance.has_run:
        return "There is no admin password: it is made when the instance is deployed, and removed if that fails"
    return "No admin password is kept: the instance was adopted, or its Secret was lost; set a new one in Odoo itself"
