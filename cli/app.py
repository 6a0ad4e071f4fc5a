"""The Typer application: finds a command's module when it is called, and turns errors into sentences and exit codes."""

import sys
from importlib import import_module
from typing import Any, Protocol, cast

import typer
from typer.core import TyperGroup

from cli import completing, exits
from cli.apps import new_app
from cli.catalogue import COMMANDS, overview
from schemas.errors import RepriseError


class _Command(Protocol):
    name: str | None


class LazyGroup(TyperGroup):
    """The commands of the catalogue, each loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, also those of commands that are not loaded."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None when there is none."""
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else load(cmd_name, entry.module)

    def get_help(self, ctx: Any) -> str:
        """The same text that `cli.main` prints without loading Typer."""
        return overview()


def load(name: str, module: str) -> _Command:
    """The Typer command `name` from cli.commands.`module`, whose `app` is that command or holds it."""
    found = typer.main.get_command(import_module(f"cli.commands.{module}").app)
    if isinstance(found, TyperGroup):
        found = cast(Any, found.commands.get(name, found))
    found.name = name
    return found


app = new_app(cls=LazyGroup)


@app.callback()
def reprise() -> None:
    """Provisions Odoo instances on Kubernetes, and makes failure ordinary."""


def main(arguments: list[str]) -> int:
    """Run one command line; returns the exit code. What Reprise raises on purpose becomes a sentence on stderr."""
    completing.prepare()
    try:
        app(arguments, prog_name="reprise")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else exits.DONE
    except RepriseError as error:
        print(exits.sentence(error), file=sys.stderr)
        return exits.code(error)
    return exits.DONE
