"""How often something is begun: 5/s, 30/m, 100/h."""

import re

from pydantic import BeforeValidator, WithJsonSchema

_RATE = re.compile(r"([0-9]{1,4})/(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600}
RATE_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{_RATE.pattern}$", "examples": ["5/s", "30/m"]})


def rate_of_at_most(fastest: float) -> BeforeValidator:
    """Takes a rate as it is written, where it is not more than `fastest` a second."""

    def rate(text: object) -> object:
        found = _RATE.fullmatch(text) if isinstance(text, str) else None
        if found is None or not 0 < int(found[1]) / _SECONDS[found[2]] <= fastest:
            raise ValueError(f"must be a rate of at most {fastest:g}/s; write it like 5/s, 30/m or 100/h")
        return text

    return BeforeValidator(rate)


def per_second(rate: str) -> float:
    """A rate as a number."""
    number, _, unit = rate.partition("/")
    return int(number) / _SECONDS[unit]
