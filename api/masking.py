"""Masks what looks like a secret in a message of unknown making, before a person is shown it."""

import re
from typing import Any

import orjson

MASK = "•••"
LONGEST = 20_000
_SECRET = re.compile(r"passw|secret|token|credential|authorization|private|api.?key|signature", re.IGNORECASE)
_IN_TEXT = re.compile(rf"(?i)((?:{_SECRET.pattern})[\w-]*[\"']?\s*[:=]\s*[\"']?)([^\s\"',;&}}]+)")
_IN_URL = re.compile(r"(://[^/\s:@]*:)[^@\s/]+(@)")


def shown(data: bytes) -> Any:
    """JSON as it is but for its secrets; anything else as text, at most LONGEST characters of it."""
    try:
        return masked(orjson.loads(data))
    except orjson.JSONDecodeError:
        return _text(data.decode("utf-8", "backslashreplace")[:LONGEST])


def masked(value: Any) -> Any:
    """The same value with what stands under a secret's name masked, however deep."""
    if isinstance(value, dict):
        return {name: MASK if _SECRET.search(name) else masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return _IN_URL.sub(rf"\1{MASK}\2", _IN_TEXT.sub(rf"\1{MASK}", text))
