"""The registry of servers for shared databases: looked at, added to, drained."""

from fastapi import APIRouter

from api.auth import Admin
from api.errors import BODY, answers
from api.services import Served
from databases.servers import ServerAccess, SharedServer
from schemas.counting import count_of
from schemas.text import LabelValue
from schemas.views import DatabaseServers, ServerChanged

router = APIRouter(tags=["database servers"])


@router.get("/api/database-servers", summary="List database servers (admin)", responses=answers())
async def index(backend: Served, _: Admin) -> DatabaseServers:
    """What each may hold, holds and has free, whether it is drained, and whether it can be reached now."""
    return DatabaseServers(items=list(await backend.databases.servers()))


@router.put(
    "/api/database-servers/{server_id}",
    summary="Add a database server (admin)",
    responses=answers(*BODY, 404, 409),
)
async def add(server_id: LabelValue, body: ServerAccess, backend: Served, _: Admin) -> ServerChanged:
    """Adds it, or takes over what has changed, once an administrator was seen to be able to log in."""
    await backend.databases.add_server(SharedServer(id=server_id, **dict(body)))
    room = count_of(body.capacity, "database")
    return ServerChanged(id=server_id, message=f"{server_id} is registered; it may hold {room}")


@router.post(
    "/api/database-servers/{server_id}/drain",
    summary="Drain a database server (admin)",
    responses=answers(404, 409),
)
async def drain(server_id: LabelValue, backend: Served, _: Admin) -> ServerChanged:
    """From now on it gets no further database; those that it has stay and go on."""
    await backend.databases.drain_server(server_id, drained=True)
    return ServerChanged(id=server_id, message=f"{server_id} gets no further database, and keeps those that it has")


@router.post(
    "/api/database-servers/{server_id}/undrain",
    summary="End a drain (admin)",
    responses=answers(404, 409),
)
async def undrain(server_id: LabelValue, backend: Served, _: Admin) -> ServerChanged:
    """It gets databases again, as long as it has places."""
    await backend.databases.drain_server(server_id, drained=False)
    return ServerChanged(id=server_id, message=f"{server_id} gets databases again")
