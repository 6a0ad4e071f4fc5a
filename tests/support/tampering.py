"""Changes that the audit log's triggers refuse, made as the database's owner could make them."""

import asyncpg


async def as_owner(url: str, *statements: str) -> None:
    """Past the triggers."""
    connection = await asyncpg.connect(url)
    try:
        for statement in ("SET session_replication_role = replica", *statements):
            await connection.execute(statement)
    finally:
        await connection.close()
