"""What acts on many asks for their count to be typed: a yes is given too easily."""

import sys

import typer


def can_ask() -> None:
    """Raises BadParameter where there is nobody to ask: --yes says it for them."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("where nobody can be asked, say that you mean it", param_hint="--yes")


def typed_count(count: int, what_for: str) -> None:
    """Goes on only once `count` has been typed; `what_for` ends the sentence "Type 12 …". Raises Abort otherwise."""
    can_ask()
    if typer.prompt(f"Type {count} to {what_for}", err=True).strip() != str(count):
        raise typer.Abort
