"""Leading on a real PostgreSQL: one at a time, and again after the work has failed."""

import asyncio

import pytest

from persistence.leadership import Leadership
from schemas.errors import DependencyDown
from tests.support.waiting import until


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), DependencyDown("nats", "no")])
async def test_work_that_fails_is_begun_again(database: str, failure: Exception) -> None:
    stop, begun = asyncio.Event(), 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise failure
        await stop.wait()

    leading = asyncio.create_task(Leadership(database, "work", timeout=2).lead(work, stop))
    await until(lambda: begun == 2, what="the work to be begun again")
    stop.set()
    async with asyncio.timeout(30):
        await leading


async def test_one_leads_at_a_time_and_the_other_after_it(database: str) -> None:
    stops = [asyncio.Event(), asyncio.Event()]
    leads: list[int] = []

    async def lead(number: int) -> None:
        async def work() -> None:
            leads.append(number)
            await stops[number].wait()

        await Leadership(database, "work", timeout=2).lead(work, stops[number])

    tasks = [asyncio.create_task(lead(number)) for number in (0, 1)]
    await until(lambda: leads, what="one to lead")
    first = leads[0]
    assert leads == [first]
    stops[first].set()
    await until(lambda: leads == [first, 1 - first], what="the other to lead")
    stops[1 - first].set()
    async with asyncio.timeout(30):
        await asyncio.gather(*tasks)
