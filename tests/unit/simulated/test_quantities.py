"""Quantities: parsed exactly, written in one way."""

from decimal import Decimal

import pytest

from embedded.simulated import quantities


@pytest.mark.parametrize(
    ("text", "number", "written"),
    [
        ("0.5", "0.5", "500m"),
        ("1500m", "1.5", "1500m"),
        ("1.0", "1", "1"),
        ("1000m", "1", "1"),
        ("1024Mi", str(2**30), "1Gi"),
        ("1.5Gi", str(3 * 2**29), "1536Mi"),
        ("2e3", "2000", "2k"),
        ("1M", "1000000", "1M"),
        ("100n", "0.0000001", "100n"),
        ("0", "0", "0"),
        ("-1", "-1", "-1"),
    ],
)
def test_it_is_understood_and_rewritten(text: str, number: str, written: str) -> None:
    assert quantities.parse(text) == Decimal(number)
    assert quantities.canonical(text) == written


@pytest.mark.parametrize("text", ["lots", "", "1 Gi", "1GiB", "--1", "1m5", "0x10"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        quantities.parse(text)
