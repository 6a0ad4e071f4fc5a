"""`reprise cluster`: the cluster's room, the brake, the size of a simulated one, and the servers for databases."""

from typing import Annotated

import typer

from cli import options
from cli.apps import new_app
from cli.client import Document
from cli.commands import databases
from cli.commands.orphans import orphans
from cli.output import as_json, as_table, local_time
from cli.plans import room
from cli.quiet import quiet
from cli.session import connected

app = new_app()
app.add_typer(databases.app, name="databases")
app.command()(orphans)
GIB = 2**30


@app.callback()
def cluster() -> None:
    """Look at the cluster's room, its database servers and the brake; resize a simulated one."""


@app.command()
def show(
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    profile: options.Profile = None,
    db_type: options.DatabaseType = None,
    output: options.Output = "table",
) -> None:
    """Show the nodes, what is taken on them, and whether an instance of this size and profile would fit now."""
    capacity = connected().get("/api/capacity", cpu=cpu, memory=memory, profile=profile, db_type=db_type)
    if output == "json":
        as_json(capacity)
        return
    as_table(
        ("NODE", "CPU", "TAKEN", "MEMORY", "TAKEN", "PODS", "TAKEN", "READY", "SHORT"), map(_row, capacity["nodes"])
    )
    print(room(capacity))


@app.command()
def resize(
    cpu: Annotated[str | None, typer.Option("--cpu", help="Cores of its node, like 8.")] = None,
    memory: Annotated[str | None, typer.Option("--memory", help="Memory of its node, like 16Gi.")] = None,
    output: options.Output = "table",
) -> None:
    """Give the simulated cluster that `reprise up` runs another size."""
    import asyncio

    from cli.local import settings_here
    from embedded.resizing import resize as change

    if cpu is None and memory is None:
        raise typer.BadParameter("give --cpu, --memory or both")
    with quiet():
        size = asyncio.run(change(settings_here(), cpu, memory))
    if output == "json":
        as_json(size._asdict())
    else:
        print(f"Node {size.node} has {size.cpu} CPU and {size.memory} of memory now.")


@app.command()
def brake(
    release: Annotated[bool, typer.Option("--release", help="Take it off; give a --reason.")] = False,
    reason: options.Reason = "",
    output: options.Output = "table",
) -> None:
    """Show whether the brake is on, or release it: then instances are healed and given up again."""
    client = connected()
    if release and not reason:
        raise typer.BadParameter("say why it is safe to go on", param_hint="--reason")
    found = client.post("/api/brake/release", {"reason": reason}) if release else client.get("/api/brake")
    if output == "json":
        as_json(found)
    elif release:
        print(f"The brake is released; it had been on since {local_time(found['since'])}: {found['why']}.")
    elif found["engaged"]:
        print(f"The brake is on since {local_time(found['since'])}: {found['why']}.")
    else:
        print("The brake is off.")


def _row(node: Document) -> tuple[object, ...]:
    memory = (f"{node[name] / GIB:.1f}Gi" for name in ("memory", "memory_used"))
    total, used = memory
    cpu, cpu_used = f"{node['cpu']:g}", f"{node['cpu_used']:g}"
    pods, ready = (node["pods"], node["pods_used"]), "yes" if node["ready"] else "no"
    return node["name"], cpu, cpu_used, total, used, *pods, ready, node["short"]
