"""What there is of an instance in the cluster: asked for by a page that is shown already, or looked at by itself."""

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, signed_in
from console.rendering import page
from console.sessions import Session
from console.upstream import Document
from schemas.errors import DependencyDown
from statemachine.states import State


@signed_in
async def show(request: Request, session: Session) -> Response:
    """The page; where the cluster does not answer it says so, and shows what the last clean-up told."""
    upstream, token = console_of(request).upstream, session.token
    path = f"/api/instances/{request.path_params['id']}"
    instance = await upstream.get(token, path)
    try:
        found = {**await upstream.get(token, f"{path}/resources"), "problem": None}
    except DependencyDown as error:
        kind = receipt_type(instance)
        rows = await upstream.get(
            token, "/api/audit", instance_id=instance["id"], type=kind, outcome="applied", limit=1
        )
        found = of_receipt(rows["items"], kind)
        found["problem"] = f"What is in the cluster is not known just now: {error}."
    return page(request, "resources.html", session=session, instance=instance, resources=found)


def receipt_type(instance: Document) -> str:
    """The event that tells what became of an instance's objects."""
    return "delete.completed" if instance["state"] == State.DELETED else "cleanup.completed"


def of_receipt(trail: list[Document], kind: str) -> Document:
    """What is known before anybody has looked at the cluster: what the last of these rows tells."""
    receipt = next((row for row in trail if row["type"] == kind and row["outcome"] == "applied"), None)
    lines = receipt["data"]["objects"] if receipt else []
    return {
        "items": [
            {"kind": line["kind"], "name": line["name"], "cleanup": line["action"], "why": line["why"]}
            for line in lines
        ],
        "looked_at": None,
        "cleaned_up_at": receipt["recorded_at"] if receipt else None,
        "problem": None,
    }
