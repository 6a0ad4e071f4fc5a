"""Says what pydantic found wrong in sentences that say what to send instead; the same everywhere bad input is met."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import StringConstraints, ValidationError

from schemas.text import DnsLabel, ImageName, LabelValue, PathPrefix, cleaned


def _pattern(annotated: Any) -> str:
    return next(str(part.pattern) for part in get_args(annotated) if isinstance(part, StringConstraints))


_PATTERNS = {
    _pattern(DnsLabel): "must be at most 63 lower case letters, digits and '-', and begin and end with no '-'",
    _pattern(
        LabelValue
    ): "must be at most 63 letters, digits, '-', '_' and '.', and begin and end with none of the signs",
    _pattern(PathPrefix): "must begin with '/' and not end with it, like /reprise",
    _pattern(ImageName): "must be a container image as a registry names it, like odoo:18.0",
}
_UUID = "is no UUID; send one like 123e4567-e89b-12d3-a456-426614174000"
_MOMENT = "is no moment in time; write it like 2026-01-31T12:00:00Z"
_SENTENCES = {
    "missing": "is missing; send it",
    "extra_forbidden": "is not known here; leave it out, or check its spelling",
    "string_type": "must be a string, in quotes",
    "string_too_long": "is too long; at most {max_length} characters",
    "uuid_parsing": _UUID,
    "uuid_type": _UUID,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "timezone_aware": "has no zone; write it like 2026-01-31T12:00:00Z",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
}


def remedy(error: Mapping[str, Any]) -> str:
    """The sentence for one entry of pydantic's `errors()`; it needs no input in it, and never repeats one."""
    context = error.get("ctx") or {}
    kind = error["type"]
    if kind == "string_pattern_mismatch" and context.get("pattern") in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    if kind == "value_error":
        return cleaned(str(context.get("error", error["msg"])))
    sentence = _SENTENCES.get(kind)
    return sentence.format(**context) if sentence else cleaned(str(error["msg"]))


def first_problem(error: ValidationError) -> tuple[str, str]:
    """What is wrong first: its dotted path, empty for the whole, and the sentence."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ".".join(str(part) for part in first["loc"]), remedy({**first})
