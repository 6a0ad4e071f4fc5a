"""What most commands begin with: a client of the API, and the instance that the user named."""

from uuid import UUID

from cli.client import Client, Document
from cli.target import target
from schemas.errors import NotFound, Refused

CANDIDATES = 5


def connected() -> Client:
    """A client of the API that the environment or the data directory names."""
    return Client(target())


def instance_id(client: Client, named: str) -> str:
    """The id of the instance that `named` means, which is an id or a name.

    Raises NotFound where there is none of that name, Refused where several have it, naming them.
    """
    return named if _is_id(named) else str(_named(client, named)["id"])


def _is_id(named: str) -> bool:
    try:
        UUID(named)
    except ValueError:
        return False
    return True


def _named(client: Client, name: str) -> Document:
    # the API searches in several fields and leaves out deleted ones; only an exact name is meant
    found = [item for item in client.page("/api/instances", 1_000, q=name)["items"] if item["name"] == name]
    if not found:
        raise NotFound(f"No instance has the id or name {name!r}; `reprise list` shows those there are")
    if len(found) > 1:
        named = ", ".join(f"{item['id']} ({item['customer_id']})" for item in found[:CANDIDATES])
        raise Refused(f"{len(found)} instances are called {name!r}; use the id: {named}")
    only: Document = found[0]
    return only
