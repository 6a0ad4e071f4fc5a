"""One instance: how it is, why it failed or waits, what can be done, and all that has happened to it."""

import asyncio
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, signed_in
from console.intime import in_time
from console.lanes import lanes_of
from console.pages.resources import of_receipt, receipt_type
from console.rendering import page
from console.sessions import Session
from console.statemap import state_map
from console.upstream import Document
from statemachine.machine import possible
from statemachine.states import State

ROWS = 50
DID = {
    "retry": "The retry is queued.",
    "stop": "It is being stopped.",
    "start": "It is being started.",
    "hold": "It is held: nothing is begun for it, nothing heals it and its deadlines wait.",
    "release": "It goes on where it was held.",
    "cancel": "The attempt is given up.",
    "delete": "It is deleted; what has run stays in the trash for some days.",
    "restore": "It is out of the trash.",
}


@signed_in
async def show(request: Request, session: Session) -> Response:
    """The page."""
    return await shown(request, session)


async def shown(
    request: Request,
    session: Session,
    problem: str | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The page, perhaps with what a wish was refused with and what had been typed."""
    path = f"/api/instances/{request.path_params['id']}"
    upstream, token = console_of(request).upstream, session.token
    instance = await upstream.get(token, path)
    timeline, trail, plan = await asyncio.gather(
        upstream.get(token, f"{path}/timeline"),
        upstream.get(token, "/api/audit", instance_id=request.path_params["id"], limit=ROWS),
        _plan(request, session, path, instance),
    )
    return page(
        request,
        "instance.html",
        status,
        session=session,
        instance=instance,
        plan=plan,
        lanes=lanes_of(timeline),
        rows=trail["items"],
        map=state_map(timeline),
        resources=of_receipt(trail["items"], receipt_type(instance)),
        wishes=_wishes(instance),
        did=DID.get(request.query_params.get("did", "")),
        problem=problem,
        typed=typed or {},
        key=str(uuid4()),
    )


async def _plan(request: Request, session: Session, path: str, instance: Document) -> Document | None:
    """What a retry would do, where one is possible; the page does without it while the cluster does not answer."""
    if not instance["can_retry"]:
        return None
    return await in_time(console_of(request).upstream.post(session.token, f"{path}/retry", {}, dry_run="true"))


def _wishes(instance: Document) -> list[str]:
    """The wishes that the state machine takes now, by the names of their routes, and that would change something."""
    found = [event.value.removesuffix(".requested") for event in possible(State(instance["state"]))]
    idle = {"hold" if instance["held"] else "release"}
    if instance["state"] == State.ERROR and instance["deadline_at"] is None:
        idle.add("cancel")  # only a retry that the policy has planned can be given up there
    return [name for name in found if name in DID and name not in idle]
