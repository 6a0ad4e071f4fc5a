"""Numbers over all instances, for metrics."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import translated
from persistence.tables import instances as table
from statemachine.states import MEANINGS


async def counts_by_state(engine: AsyncEngine) -> dict[str, int]:
    """How many instances are in each state, zeros included. Raises DependencyDown."""
    statement = select(table.c.state, func.count().label("instances")).group_by(table.c.state)
    async with translated(), engine.connect() as connection:
        found: dict[str, int] = {row.state: row.instances for row in await connection.execute(statement)}
    return {state.value: found.get(state.value, 0) for state in MEANINGS}


async def counts_by_status(engine: AsyncEngine, customer_id: str | None = None) -> dict[str, int]:
    """How many instances (of one customer) are in each status, zeros included. Raises DependencyDown."""
    statement = select(table.c.status, func.count().label("instances")).group_by(table.c.status)
    if customer_id is not None:
        statement = statement.where(table.c.customer_id == customer_id)
    async with translated(), engine.connect() as connection:
        found: dict[str, int] = {row.status: row.instances for row in await connection.execute(statement)}
    return {meaning.status: found.get(meaning.status, 0) for meaning in MEANINGS.values()}
