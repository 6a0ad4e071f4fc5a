"""What the two kinds of database have in common: how one is made, emptied and removed."""

from typing import Protocol

from databases.records import Place
from schemas.payloads import ReceiptLine


class Host(Protocol):
    """Makes databases of one kind. Everything is idempotent, and finishes what a crash left half done."""

    async def make(self, place: Place, password: str) -> tuple[str, int]:
        """The database and its role are there and the (plain) password works; answers host and port."""
        ...

    async def empty(self, place: Place) -> None:
        """The database is there, empty, with the same owner."""
        ...

    async def remove(self, place: Place) -> list[ReceiptLine]:
        """Nothing of it is left; what became of each object."""
        ...
