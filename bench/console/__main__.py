"""`python -m bench.console`: the console's pages at INSTANCES instances, each LOOKS times; and what open pages cost."""

import asyncio
import os

from rich.console import Console
from rich.table import Table

from bench.console import first_byte, opened, paint
from bench.console.first_byte import Waits
from bench.console.opened import Cost
from bench.console.people import Person, customer, operator, pages
from bench.console.standing import INSTANCES, Standing, standing

LOOKS = int(os.environ.get("LOOKS", "30"))
PEOPLE = (1, 100)
"""Who have the pages open: one person, and a hundred of whom each has five."""


async def _waits(person: Person, found: dict[str, str]) -> dict[str, Waits]:
    return {name: await asyncio.to_thread(first_byte.measure, person, path, LOOKS) for name, path in found.items()}


def _show(person: Person, waits: dict[str, Waits], paints: dict[str, float]) -> None:
    table = Table(
        title=f"Pages of {person.name} at {INSTANCES:,} instances on {os.cpu_count()} CPUs, {LOOKS} looks, ms"
    )
    table.add_column("page")
    for name in ("p50", "p95", "slowest", "largest paint", "kB"):
        table.add_column(name, justify="right")
    for name, each in waits.items():
        largest = f"{paints[name]:.0f}" if name in paints else "-"
        times = [f"{value:.1f}" for value in (each.p50, each.p95, each.most)]
        table.add_row(name, *times, largest, f"{each.size / 1_000:.0f}")
    Console(width=100).print(table)


async def _pages(found: Standing) -> None:
    """First bytes and paints of an operator and a customer."""
    program = paint.chromium()
    if isinstance(program, str):
        print(f"Largest paints are skipped: {program}", flush=True)
    for person, is_admin in ((operator(found), True), (customer(found), False)):
        wanted = await asyncio.to_thread(pages, person, is_admin=is_admin)
        waits, paints = await _waits(person, wanted), {}
        if not isinstance(program, str):
            async with paint.browser(program) as used:
                paints = await paint.measure(used, person, wanted)
        _show(person, waits, paints)


def _tell(cost: Cost) -> None:
    table = Table(title=f"{opened.PAGES} open pages of {cost.people}, {opened.RATE} changes/s: more than without them")
    for name in ("process", "cores", "MB"):
        table.add_column(name, justify="left" if name == "process" else "right")
    for name, cores in cost.cores.items():
        table.add_row(name, f"{cores:.2f}", f"{cost.memory[name] / 1e6:.0f}")
    table.add_row("all together", f"{sum(cost.cores.values()):.2f}", f"{sum(cost.memory.values()) / 1e6:.0f}")
    Console(width=100).print(table)
    print(
        f"They heard {cost.changes:,} changes; once the service was killed, all heard again {cost.lost_for:.1f} s later"
    )


async def main() -> None:
    """In a directory of its own, of which nothing is left."""
    async with standing() as found:
        await _pages(found)
        for people in PEOPLE:
            _tell(await opened.measure(found, people))


if __name__ == "__main__":
    asyncio.run(main())
