"""Remembers which body an idempotency key was first used with."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import transaction
from persistence.tables import idempotency_keys as table
from schemas.errors import BadInput


async def remember(engine: AsyncEngine, identity: UUID, body_hash: bytes) -> None:
    """Keeps `body_hash` under `identity`, the uuid5 of caller, route and key.

    Raises BadInput where another body was sent with the key before, DependencyDown.
    """
    new = insert(table).values(id=identity, body_hash=body_hash).on_conflict_do_nothing()
    async with transaction(engine) as connection:
        await connection.execute(new)
        known = (await connection.execute(select(table.c.body_hash).where(table.c.id == identity))).scalar_one()
    if known != body_hash:
        raise BadInput("Idempotency-Key", "was used with another body before; send a new key")
