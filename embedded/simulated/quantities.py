"""Kubernetes quantities ("500m", "1Gi"): parsed exactly, compared as numbers, written in canonical form."""

import re
from decimal import Decimal, localcontext
from functools import lru_cache

PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
MALFORMED = f"quantities must match the regular expression '{PATTERN}'"

_SYNTAX = re.compile(r"^([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_OUT = ((18, "E"), (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"))


@lru_cache(maxsize=4096)
def parse(text: str) -> Decimal:
    """The number a quantity stands for.

    Raises ValueError where the text is no quantity.
    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = _SYNTAX.match(text)
    if found is None:
        raise ValueError(MALFORMED)
    number, unit = Decimal(found[1]), found[2] or ""
    with localcontext() as context:
        context.prec = 60
        if unit in _BINARY:
            return number * (1 << _BINARY[unit])
        exponent = _DECIMAL[unit] if unit in _DECIMAL else int(unit[1:] or 0)
        return number.scaleb(exponent)


def canonical(value: str | int | float) -> str:
    """The one way the API server writes that quantity: "0.5" becomes "500m", "1024Mi" becomes "1Gi"."""
    text = str(value)
    number = parse(text)
    if text.endswith("i") and number == number.to_integral_value() and abs(number) >= 1024:
        return _binary(int(number))
    return _decimal(number)


def _binary(number: int) -> str:
    for unit, bits in reversed(_BINARY.items()):
        if number % (1 << bits) == 0:
            return f"{number >> bits}{unit}"
    return str(number)


def _decimal(number: Decimal) -> str:
    if number == 0:
        return "0"
    for exponent, unit in _DECIMAL_OUT:
        scaled = number.scaleb(-exponent)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{unit}"
    return str(number)
