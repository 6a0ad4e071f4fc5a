"""Amounts as Kubernetes writes them (500m, 1Gi) and spans of time as people write them (90s, 24h)."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

_SUFFIXES = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
}
PATTERN = r"^([0-9]{1,12}(?:\.[0-9]{1,6})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"
_QUANTITY = re.compile(PATTERN)
_DURATION = re.compile(r"([0-9]{1,8})(s|m|h|d)?")
_ANY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,2})?")
_ODD_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "E": Decimal(10) ** 18,
    "Ei": Decimal(2) ** 60,
}
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_PATIENCE = 30 * 86_400


def amount(quantity: str) -> Decimal:
    """The number behind a quantity, in cores or bytes: "500m" is 0.5, "1Gi" is 1073741824.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    Raises ValueError where it is none.
    """
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        raise ValueError(f"{quantity!r} is no quantity; write it like 500m, 2, 512Mi or 10Gi")
    return Decimal(found[1]) * _SUFFIXES[found[2] or ""]


@lru_cache(maxsize=1_024)
def any_amount(quantity: str | None) -> Decimal:
    """The same for all forms that the API of a cluster may hold, such as 100u, 2Ei and 1e3; None is nothing.

    Thousands of pods ask for the same few amounts. Raises ValueError where it is none.
    """
    if quantity is None:
        return Decimal(0)
    found = _ANY.fullmatch(quantity)
    if found is None:
        raise ValueError(f"{quantity!r} is no quantity")
    suffix = found[2] or ""
    if suffix in _SUFFIXES or suffix in _ODD_SUFFIXES:
        return Decimal(found[1]) * (_SUFFIXES.get(suffix) or _ODD_SUFFIXES[suffix])
    return Decimal(found[1]).scaleb(int(suffix[1:]))


def _positive(quantity: str) -> str:
    if amount(quantity) <= 0:
        raise ValueError("must be more than zero")
    return quantity


def _cores(quantity: str) -> str:
    if amount(quantity) > 1_000:
        raise ValueError("more than 1000 cores; write it like 500m or 2")
    if amount(quantity) % Decimal("0.001"):
        raise ValueError("finer than a thousandth of a core; write it like 500m or 2")
    return quantity


def _bytes(quantity: str) -> str:
    if amount(quantity) < 2**20:
        raise ValueError("less than 1Mi; write it like 512Mi or 10Gi")
    if amount(quantity) > 2**50:
        raise ValueError("more than 1Pi; write it like 512Mi or 10Gi")
    return quantity


def seconds(text: object) -> object:
    """A span of time in seconds: 90, "90s", "15m", "24h" and "7d" are all taken; anything else is left to pydantic."""
    if isinstance(text, bool):
        raise ValueError("true and false are no spans of time; write it like 90s, 15m, 24h or 7d")
    if isinstance(text, str):
        found = _DURATION.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no span of time; write it like 90s, 15m, 24h or 7d")
        return int(found[1]) * _SECONDS[found[2]]
    return text


def _patient(value: int) -> int:
    if not 1 <= value <= MAX_PATIENCE:
        raise ValueError("must lie between 1 second and 30 days; write it like 24h")
    return value


_Quantity = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "maxLength": 32, "pattern": PATTERN}),
]
Cpu = Annotated[_Quantity, AfterValidator(_cores)]
"""Cores: "500m" or "2"."""
Bytes = Annotated[_Quantity, AfterValidator(_bytes)]
"""Memory or storage: "1Gi"."""
_SPAN = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_PATIENCE},
        {"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["90s", "24h"]},
    ]
}
Seconds = Annotated[int, BeforeValidator(seconds), AfterValidator(_patient), WithJsonSchema(_SPAN, mode="validation")]
"""A span of time, kept as whole seconds."""
