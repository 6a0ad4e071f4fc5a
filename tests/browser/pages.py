"""Every page there is, once: what is held to be accessible, and what is pictured."""

from collections.abc import Mapping
from typing import NamedTuple


class Shown(NamedTuple):
    """A page. `path` may name what the example has made; `open_to_all`: nobody is signed in."""

    name: str
    path: str
    open_to_all: bool = False

    def address(self, example: Mapping[str, str]) -> str:
        """Where it is, with the ids of the example."""
        return self.path.format(**example)


PAGES = (
    Shown("sign-in", "/sign-in", open_to_all=True),
    Shown("overview", "/"),
    Shown("parts", "/parts"),
    Shown("instances", "/instances"),
    Shown("instances-as-cards", "/instances?view=cards"),
    Shown("instances-filtered-to-none", "/instances?q=nothing-like-it"),
    Shown("new-instance", "/instances/new"),
    Shown("instance-failed", "/instances/{failed}"),
    Shown("instance-waiting", "/instances/{waiting}"),
    Shown("instance-running", "/instances/{running}"),
    Shown("instance-stopped", "/instances/{stopped}"),
    Shown("instance-trashed", "/instances/{trashed}"),
    Shown("instance-resources", "/instances/{failed}/resources"),
    Shown("retries", "/retries"),
    Shown("retries-planned", "/retries?error_code=insufficient_resources"),
    Shown("retry-of-many", "/retries/{bulk}"),
    Shown("audit", "/audit"),
    Shown("audit-proof", "/audit/proof"),
    Shown("audit-of-a-row", "/audit/{row}"),
    Shown("dead-letters", "/dead-letters"),
    Shown("not-found", "/instances/00000000-0000-4000-8000-000000000000"),
)
