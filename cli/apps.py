"""How every Typer application of this command line is made."""

import typer
from typer.core import TyperGroup


def new_app(cls: type[TyperGroup] | None = None) -> typer.Typer:
    """An application without Rich's boxes around help texts (loading Rich takes 100 ms) and with plain tracebacks."""
    return typer.Typer(cls=cls, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
