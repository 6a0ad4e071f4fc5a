"""How the installation itself is doing, part by part."""

from fastapi import APIRouter

from api import parts
from api.auth import Admin
from api.errors import answers
from api.services import Served
from bus.connection import jetstream
from schemas.parts import Parts

router = APIRouter(tags=["health"])


@router.get("/api/parts", summary="Show how each part is (admin)", responses=answers())
async def show(backend: Served, _: Admin) -> Parts:
    """Whether somebody does its work, and how much waits for it: outbox, consumers, watcher, database-service."""
    return Parts(parts=await parts.parts(backend.engine, jetstream(backend.nats), backend.databases))
