"""`make bench`: everything on this machine, Reprise and pgbench in turn on the same server; prints what it measured."""

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from bench import latency, pgbench, throughput
from bench.latency import Latency
from bench.throughput import Throughput
from bus.connection import connected, jetstream
from bus.streams import ensure
from embedded.child import Child
from embedded.directory import exclusively
from embedded.nats import Nats
from embedded.ports import choose
from embedded.postgres import Postgres
from embedded.supervisor import Supervisor
from persistence.migrate import upgrade
from schemas.settings import Settings

ROUNDS = int(os.environ.get("ROUNDS", "3"))
INSTANCES = int(os.environ.get("INSTANCES", "12000"))
PGBENCH_SECONDS = 8
LATENCY_RATE = 400
PARTS = ("stub", "relay", "lifecycle")


async def _begun() -> bool:
    """A part needs no announcement: it works when it can."""
    return True


def _part(name: str, environment: dict[str, str]) -> Child:
    command = (sys.executable, "-m", "bench.part", name)
    root = Path(__file__).parent.parent
    return Child(name, command, _begun, environment={**os.environ, **environment}, directory=root)


async def _measured(supervisor: Supervisor, root: Path) -> tuple[list[Throughput], list[float], Latency]:
    postgres = Postgres(root / "postgres", choose(), "only-for-this-measurement")
    nats = Nats(root / "nats", choose(), "only-for-this-measurement")
    await supervisor.start(postgres.child())
    await supervisor.start(nats.child())
    await asyncio.to_thread(upgrade, postgres.url())
    environment = {
        "REPRISE_DATABASE_URL": postgres.url(),
        "REPRISE_NATS_URL": nats.url,
        "REPRISE_EVENT_KEY": "only-for-this-measurement-of-32-bytes",
        "REPRISE_DEPLOY_CONCURRENCY": "10000",
    }
    os.environ.update(environment)
    settings = Settings.load()
    async with connected(settings, "bench") as client:
        await ensure(jetstream(client))
        for name in PARTS:
            await supervisor.start(_part(name, environment))
        connection = await asyncpg.connect(postgres.url())
        key = settings.event_key_bytes
        await throughput.measure(client, key, connection, 500)  # everything is loaded and warm
        ours, yardstick = [], []
        for _ in range(ROUNDS):
            ours.append(await throughput.measure(client, key, connection, INSTANCES))
            yardstick.append(await pgbench.measure(postgres.url(), root, PGBENCH_SECONDS))
        calm = await latency.measure(client, key, connection, LATENCY_RATE, 10)
        await connection.close()
    return ours, yardstick, calm


def _show(ours: list[Throughput], yardstick: list[float], calm: Latency) -> None:
    table = Table(title=f"{ROUNDS} rounds of {INSTANCES} instances on {os.cpu_count()} CPUs, pgbench in between")
    table.add_column("measured")
    table.add_column("median", justify="right")
    table.add_column("min - max", justify="right")
    rows = {
        "state changes per second": [run.per_second for run in ours],
        f"pgbench transactions per second ({pgbench.CLIENTS} clients)": yardstick,
        "ratio": [run.per_second / tps for run, tps in zip(ours, yardstick, strict=True)],
        "CPU per state change, all processes, us": [run.cpu_us for run in ours],
    }
    for name, values in rows.items():
        form = "{:,.2f}" if name == "ratio" else "{:,.0f}"
        spread = f"{form.format(min(values))} - {form.format(max(values))}"
        table.add_row(name, form.format(statistics.median(values)), spread)
    table.add_row(f"latency at {calm.rate} changes/s, p50, ms", f"{calm.p50:.1f}", "")
    table.add_row(f"latency at {calm.rate} changes/s, p99, ms", f"{calm.p99:.1f}", "")
    Console(width=100).print(table)


async def main() -> None:
    """Measures in a directory of its own and leaves nothing behind."""
    with tempfile.TemporaryDirectory() as temporary, exclusively(Path(temporary) / "data") as directory:
        async with Supervisor(directory, lambda _: None) as supervisor:
            _show(*await _measured(supervisor, directory.root))


if __name__ == "__main__":
    asyncio.run(main())
