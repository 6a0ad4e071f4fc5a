"""The registry of database servers over HTTP, for the part `api` alone: what it is told holds passwords."""

from fastapi import APIRouter

from databases.registry import Registry
from databases.servers import ServerAccess, SharedServer
from schemas.text import LabelValue
from schemas.views import DatabaseServers, Foreseen


def add_server_routes(routes: APIRouter, registry: Registry) -> None:
    """Adds them to the database-service's own."""

    @routes.get("/servers")
    async def servers() -> DatabaseServers:
        """All servers for shared databases."""
        return DatabaseServers(items=await registry.servers())

    @routes.get("/servers/foreseen")
    async def foreseen() -> Foreseen:
        """Where a shared database would go now."""
        return await registry.foreseen()

    @routes.put("/servers/{server_id}", status_code=204)
    async def add(server_id: LabelValue, access: ServerAccess) -> None:
        """Adds a server, or takes over what has changed."""
        await registry.add(SharedServer(id=server_id, **dict(access)))

    @routes.post("/servers/{server_id}/drain", status_code=204)
    async def drain(server_id: LabelValue) -> None:
        """Gives it no further database."""
        await registry.drain(server_id, drained=True)

    @routes.post("/servers/{server_id}/undrain", status_code=204)
    async def undrain(server_id: LabelValue) -> None:
        """Ends a drain."""
        await registry.drain(server_id, drained=False)
