"""Exports of the audit log: streamed, signed, and themselves recorded."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from api.auth import Admin
from api.errors import answers
from api.queries import ExportQuery
from api.services import Served
from persistence.exports import records
from persistence.exports.records import Asked
from persistence.searching import AuditFilter
from schemas.errors import NotFound
from schemas.exports import ExportPage, ExportWhole, SigningKeys

router = APIRouter(tags=["audit"])
_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
_ANSWER = {
    "content": {name: {"schema": {"type": "string"}} for name in _TYPES.values()},
    "description": "A row a line, by instance; X-Export-Id names its manifest, which is there once all was sent",
    "headers": {"X-Export-Id": {"schema": {"type": "string", "format": "uuid"}}},
}
_OPTIONS = {"format", "reason"}
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get(
    "/api/audit/export",
    summary="Export the audit log (admin)",
    response_class=StreamingResponse,
    responses={200: _ANSWER, **answers(400, 409)},
)
async def export(query: Annotated[ExportQuery, Query()], backend: Served, caller: Admin) -> StreamingResponse:
    """Every row that fits, with all that its hash covers. An answer that breaks off is not complete."""
    wanted = query.model_dump(exclude=_OPTIONS)
    given = query.model_dump(mode="json", exclude=_OPTIONS, exclude_none=True)
    asked = Asked(uuid4(), str(caller.actor), query.reason, query.format, given, datetime.now(UTC))
    pieces = backend.exporter.export(asked, AuditFilter(**wanted))
    named = {"Content-Disposition": f'attachment; filename="audit.{query.format}"', "X-Export-Id": str(asked.id)}
    return StreamingResponse(await _begun(pieces), media_type=_TYPES[query.format], headers=named)


@router.get("/api/audit/exports", summary="List exports (admin)", responses=answers())
async def exports(backend: Served, _: Admin, limit: Limit = 100) -> ExportPage:
    """Who exported what, why, and whether the last row was sent; newest first."""
    return ExportPage(items=await records.latest(backend.engine, limit))


@router.get("/api/audit/signing-keys", summary="Show what signatures are checked with (admin)", responses=answers())
async def export_keys(backend: Served, _: Admin) -> SigningKeys:
    """The public keys of exports and checkpoints; keep them where whoever may change the files cannot."""
    return SigningKeys(public_keys=list(backend.exporter.public_keys))


@router.get("/api/audit/exports/{export_id}", summary="Show an export and its manifest (admin)", responses=answers(404))
async def show_export(export_id: UUID, backend: Served, _: Admin) -> ExportWhole:
    """With the signed manifest that its file is checked by, once its last row was sent."""
    found = await records.find(backend.engine, export_id)
    if found is None:
        raise NotFound(f"There is no export {export_id}")
    return found


async def _begun(pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The same pieces; the first is made before the answer begins, so that what prevents them still has a status."""
    first = await anext(pieces)

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()
