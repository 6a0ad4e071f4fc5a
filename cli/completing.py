"""What the shell offers where an argument is being typed; silent where the API cannot be asked."""

import os

from cli.client import Client
from cli.target import target
from schemas.errors import RepriseError

VARIABLE = "_REPRISE_COMPLETE"
"""Set by the shell's script while it asks for completions."""
PATIENCE = 2.0
MOST = 50


def prepare() -> None:
    """Where this process was started to complete a command line, not to run one: teach Typer its shells."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]  # there, only not declared

        completion_init()


def instances(incomplete: str) -> list[str]:
    """Names and ids of instances that begin so."""
    try:
        found = Client(target(), PATIENCE).get("/api/instances", limit=MOST, q=incomplete or None)["items"]
    except RepriseError:
        return []
    names = sorted({item["name"] for item in found if item["name"].startswith(incomplete)})
    return names or [item["id"] for item in found if item["id"].startswith(incomplete)]


def wishes(incomplete: str) -> list[str]:
    """Types that may be published by hand."""
    from schemas.types import BEGINNINGS, WISHES

    return sorted(kind.value for kind in WISHES - BEGINNINGS if kind.value.startswith(incomplete))


def event_types(incomplete: str) -> list[str]:
    """All types."""
    from schemas.types import EventType

    return [kind.value for kind in EventType if kind.value.startswith(incomplete)]
