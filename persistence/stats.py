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
