"""For a row that a person has deleted: the objects of all attempts, then the database."""

from cluster.remove import remove_everything
from consumers.converge.parts import Parts
from schemas.events import Event
from schemas.payloads import Receipt, ReceiptLine
from schemas.types import EventType
from statemachine.instance import Instance


async def delete_it(parts: Parts, row: Instance) -> list[Event]:
    """delete.completed with the receipt, once everything is seen gone."""

    async def database(started: bool) -> list[ReceiptLine]:
        return await parts.databases.release(row.id)

    lines = await remove_everything(parts.cluster, row, parts.check(row), database)
    return [parts.fact(row, EventType.DELETE_COMPLETED, Receipt(objects=tuple(lines)), "completed")]
