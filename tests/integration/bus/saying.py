"""What tests of the bus say and see: wishes published as anybody may, states, dead letters."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncEngine

from bus.connection import jetstream
from bus.streams import DEAD_LETTERS_STREAM
from persistence import instances
from schemas.cloudevents import data, headers, subject
from schemas.events import Actor, Event, wish
from schemas.payloads import ProvisionRequested
from schemas.types import EventType
from statemachine.states import State
from tests.support.waiting import until

ALICE = Actor("cli", "alice")


def provision(name: str = "shop") -> Event:
    request = ProvisionRequested(customer_id="acme", name=name)
    return wish(EventType.PROVISION_REQUESTED, uuid4(), ALICE, datetime.now(UTC), request)


async def publish(client: Client, event: Event) -> None:
    """As anybody may: without a signature."""
    await jetstream(client).publish(subject(event), data(event), headers=headers(event))


async def state(engine: AsyncEngine, instance_id: UUID) -> State | None:
    found = await instances.get(engine, instance_id)
    return found.state if found else None


async def dead_letter(client: Client) -> Msg:
    subscription = await jetstream(client).subscribe("dead-letters.>", stream=DEAD_LETTERS_STREAM)
    return await subscription.next_msg(timeout=30)


async def reaches(engine: AsyncEngine, instance_id: UUID, wanted: State, timeout: float = 20) -> None:  # noqa: ASYNC109  # a test's own deadline
    async def check() -> bool:
        return await state(engine, instance_id) is wanted

    await until(check, timeout, what=f"the instance to be {wanted}")
