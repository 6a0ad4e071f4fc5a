"""Turns what pydantic found wrong in a request into a field by dotted path and a sentence, for problem details."""

from collections.abc import Sequence
from typing import Any

from schemas.remedies import remedy
from schemas.text import cleaned
from schemas.views import FieldProblem

MOST = 20
"""How many errors one answer lists; the first would do for most people."""
_PLACES = frozenset({"body", "query", "path", "header"})


def as_problems(errors: Sequence[Any]) -> list[FieldProblem]:
    """One entry an error, in pydantic's order."""
    return [FieldProblem(field=_field(error), detail=remedy(error)) for error in errors[:MOST]]


def _field(error: Any) -> str:
    place, *path = error["loc"]
    if place not in _PLACES:
        path = [place, *path]
    return cleaned(".".join(str(part) for part in path), 200) or str(place)
