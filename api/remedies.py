"""Turns what pydantic found wrong into a field by dotted path and a sentence that says what to send instead."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import StringConstraints

from schemas.text import DnsLabel, ImageName, LabelValue, cleaned
from schemas.views import FieldProblem

MOST = 20
"""How many errors one answer lists; the first would do for most people."""


def _pattern(annotated: Any) -> str:
    return next(str(part.pattern) for part in get_args(annotated) if isinstance(part, StringConstraints))


_PATTERNS = {
    _pattern(DnsLabel): "must be at most 63 lower case letters, digits and '-', and begin and end with no '-'",
    _pattern(
        LabelValue
    ): "must be at most 63 letters, digits, '-', '_' and '.', and begin and end with none of the signs",
    _pattern(ImageName): "must be a container image as a registry names it, like odoo:18.0",
}
_SENTENCES = {
    "missing": "is missing; send it",
    "extra_forbidden": "is not known here; leave it out, or check its spelling",
    "string_type": "must be a string, in quotes",
    "string_too_long": "is too long; at most {max_length} characters",
    "uuid_parsing": "is no UUID; send one like 123e4567-e89b-12d3-a456-426614174000",
    "uuid_type": "is no UUID; send one like 123e4567-e89b-12d3-a456-426614174000",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}
_PLACES = frozenset({"body", "query", "path", "header"})


def as_problems(errors: Sequence[Any]) -> list[FieldProblem]:
    """One entry an error, in pydantic's order."""
    return [FieldProblem(field=_field(error), detail=_detail(error)) for error in errors[:MOST]]


def _field(error: Any) -> str:
    place, *path = error["loc"]
    if place not in _PLACES:
        path = [place, *path]
    return cleaned(".".join(str(part) for part in path), 200) or str(place)


def _detail(error: Any) -> str:
    context = error.get("ctx") or {}
    kind = error["type"]
    if kind == "string_pattern_mismatch" and context.get("pattern") in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    if kind == "value_error":
        return cleaned(str(context.get("error", error["msg"])))
    sentence = _SENTENCES.get(kind)
    return sentence.format(**context) if sentence else cleaned(str(error["msg"]))
