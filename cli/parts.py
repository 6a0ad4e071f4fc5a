"""The names of the parts, and the settings that each cannot do without; loads none of them."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.settings import Settings

_STATE = ("database_url", "nats_url", "event_key")


PARTS: Mapping[str, tuple[str, ...]] = {
    "api": _STATE,
    "database-service": ("database_url", "database_keys"),
    "lifecycle": _STATE,
    "relay": _STATE,
    "database": _STATE,
    "cluster": _STATE,
    "watcher": _STATE,
    "console": ("console_key",),
}
"""Every part that `serve` runs, with the settings that it cannot do without."""


def checked(settings: "Settings", names: Collection[str]) -> "Settings":
    """The settings, when they have what these parts need. Raises BadSettings naming the first that is missing."""
    return settings.required(*dict.fromkeys(need for name in names for need in PARTS[name]))
