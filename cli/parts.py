"""The parts by name: where each one's work is, and which settings it cannot do without."""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    import asyncio

    from schemas.settings import Settings

_STATE = ("database_url", "nats_url", "event_key")


class Part(NamedTuple):
    """One part: the module whose `run(settings, stop)` does its work (None: it only answers HTTP), and its settings."""

    module: str | None
    needs: tuple[str, ...]


PARTS: Mapping[str, Part] = {
    "api": Part(None, _STATE),
    "database-service": Part(None, ("database_url", "database_keys")),
    "lifecycle": Part("consumers.lifecycle", _STATE),
    "relay": Part("bus.relay", _STATE),
    "database": Part("consumers.database", _STATE),
    "cluster": Part("consumers.cluster", _STATE),
    "watcher": Part("consumers.watcher", _STATE),
}


class Run(Protocol):
    """What a part's module offers: works until `stop` is set, then finishes what is in flight and returns."""

    async def __call__(self, settings: "Settings", stop: "asyncio.Event") -> None: ...


def checked(settings: "Settings", names: Collection[str]) -> "Settings":
    """The settings, when they have what these parts need. Raises BadSettings naming the first that is missing."""
    return settings.required(*dict.fromkeys(need for name in names for need in PARTS[name].needs))


def runners(names: Collection[str]) -> dict[str, Run]:
    """The work of these parts, by name; those that only answer HTTP have none of their own."""
    modules = {name: PARTS[name].module for name in names}
    return {name: cast(Run, import_module(module).run) for name, module in modules.items() if module is not None}
