"""Downloads of what the filters select, as the API exports it, and of the signed manifest that proves such a file."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.asking import console_of, redirect, signed_in
from console.pages.auditing import shown, wanted_of
from console.sessions import Session
from schemas.errors import BadInput, Conflict, Refused


@signed_in
async def export(request: Request, session: Session) -> Response:
    """Passed on as it comes; what the API refuses it with is said in the page, and what was typed stays."""
    asked: dict[str, str] = request.state.form
    query = {**wanted_of(asked), "format": asked.get("format", "jsonl"), "reason": asked.get("reason", "")}
    upstream, stack = console_of(request).upstream, AsyncExitStack()
    try:
        answer = await stack.enter_async_context(upstream.download(session.token, "/api/audit/export", **query))
    except BadInput as error:
        return await shown(request, session, asked, {error.field: error.message})
    except (Conflict, Refused) as error:
        return await shown(request, session, asked, {"export": str(error)}, 409)
    export_id = answer.headers["x-export-id"]
    headers = {**_attached(name_of(export_id, query["format"])), "X-Export-Id": export_id}
    return StreamingResponse(_passed_on(answer, stack), media_type=answer.headers["content-type"], headers=headers)


@signed_in
async def back(request: Request, session: Session) -> Response:
    """What was refused is shown under the form's own address: whoever looks there again looks at the log."""
    return redirect("/audit")


@signed_in
async def manifest(request: Request, session: Session) -> Response:
    """What `reprise audit verify` compares the file with; there is one once its last row was sent."""
    export_id = str(request.path_params["id"])
    found = await console_of(request).upstream.get(session.token, f"/api/audit/exports/{export_id}")
    if found["manifest"] is None:
        raise Refused("This export has no manifest: it is under way, or it broke off. Export once more.")
    headers = _attached(f"{name_of(export_id, found['format'])}.manifest.json")
    return Response(json.dumps(found["manifest"], indent=2) + "\n", media_type="application/json", headers=headers)


def name_of(export_id: str, encoding: str) -> str:
    """Of the file; the manifest has the same with its own ending, where `reprise audit verify` looks for it."""
    return f"audit-{export_id[:8]}.{encoding}"


async def _passed_on(answer: aiohttp.ClientResponse, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """What breaks off breaks off here too: no browser takes it for whole."""
    async with stack:
        async for piece in answer.content.iter_any():
            yield piece


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
