"""An instance's attempts, steps and waits, as one picture."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter

from api.auth import User
from api.errors import answers
from api.services import Served
from api.wishes import find
from persistence import audit
from persistence.searching import AuditFilter
from schemas.timeline import Timeline
from statemachine.timeline import attempts_of

router = APIRouter(tags=["audit"])
LATEST = 5_000
"""Rows that are read of an instance: a picture of more is none."""


@router.get(
    "/api/instances/{instance_id}/timeline", summary="Show an instance's attempts and steps", responses=answers(404)
)
async def timeline(instance_id: UUID, backend: Served, caller: User) -> Timeline:
    """Each attempt with its steps, how long each took, and what it waited for."""
    await find(backend, caller, instance_id)
    rows, earlier = await audit.page(backend.engine, AuditFilter(instance_id=instance_id), limit=LATEST)
    return Timeline(
        instance_id=instance_id,
        at=datetime.now(UTC),
        earlier=earlier is not None,
        attempts=attempts_of(reversed(rows)),
    )
