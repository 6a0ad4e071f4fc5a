"""What speaks for the audit log: its last checkpoint, and whether it agrees with all of them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ValidationError

from api.auth import Admin
from api.errors import answers
from api.services import Backend, Served
from bus import checkpoints
from bus.connection import jetstream
from persistence import verifications
from persistence.checkpoints.entries import PURPOSE
from persistence.signing import Document, PublicKeys
from schemas.errors import Refused
from schemas.proofs import CheckpointView, LastCheckpoint, VerificationPage, VerificationView

router = APIRouter(tags=["audit"])
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/api/audit/checkpoints", summary="Show the last checkpoint (admin)", responses=answers())
async def last_checkpoint(backend: Served, _: Admin) -> LastCheckpoint:
    """When it was taken, over how many trails, and by which key it was signed."""
    found = await checkpoints.last(jetstream(backend.nats))
    return LastCheckpoint(checkpoint=_view(found.document, backend) if found is not None else None)


@router.get("/api/audit/verifications", summary="List verifications of the audit log (admin)", responses=answers())
async def latest(backend: Served, _: Admin, limit: Limit = 10) -> VerificationPage:
    """By whom, when, and what differed. It is what the database says: who doubts its owner verifies it elsewhere."""
    found = await verifications.latest(backend.engine, limit)
    return VerificationPage(items=found, may=await verifications.rows(backend.engine) <= verifications.MOST_ROWS)


@router.post(
    "/api/audit/verifications",
    status_code=201,
    summary="Verify the audit log now (admin)",
    responses=answers(400, 404, 409),
)
async def verify(backend: Served, caller: Admin) -> VerificationView:
    """Every row's hash, and every trail against the checkpoints in the stream; of a log that is not too long for it."""
    entries = partial(checkpoints.read, jetstream(backend.nats))
    url = backend.exporter.url
    return await verifications.verify(url, backend.engine, str(caller.actor), _keys(backend), entries)


def _keys(backend: Backend) -> PublicKeys:
    if not backend.exporter.public_keys:
        raise Refused("Part api has no REPRISE_AUDIT_SIGNING_KEY, so there is no key by which checkpoints are believed")
    return PublicKeys(backend.exporter.public_keys)


def _view(document: Document, backend: Backend) -> CheckpointView | None:
    wrong = PublicKeys(backend.exporter.public_keys).check(PURPOSE, document)
    try:
        return CheckpointView.model_validate({**document, "wrong": wrong})
    except ValidationError:  # none of ours: whoever may connect to NATS may publish there
        return None
