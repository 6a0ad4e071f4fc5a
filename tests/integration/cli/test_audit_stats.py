"""`reprise audit stats`, and what docs/audit.md shows of it."""

import json
import re
import shlex
from pathlib import Path

import pytest

from api.tokens import Role
from cli import audit_stats
from cli.client import Document
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service
from tests.support.names import unique

PAGE = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
EXAMPLES = re.findall(r"^reprise audit stats.*", PAGE, re.M)
WEEKS = [f"2026-0{5 + day // 30}-{day % 30 + 1:02d}" for day in range(3, 75, 7)]


async def test_it_adds_up_what_a_customer_sees(
    reprise: Reprise, world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.failed(unique())
    monkeypatch.setenv("REPRISE_TOKEN", service.token(Role.CUSTOMER, "acme"))
    said = reprise("audit", "stats", "-o", "json")
    assert json.loads(said.out)["customer_id"] == "acme"
    table = reprise("audit", "stats", "--customer", "acme").out
    assert "customer acme.\n" in table
    assert re.search(r"^insufficient_resources +\d+ +\d+$", table, re.M)
    assert re.search(r"^deploying +\d+ +\S+ +\S+ +\S+$", table, re.M)
    assert "have not run so far." in table


@pytest.mark.parametrize("example", EXAMPLES)
async def test_each_example_of_the_page(reprise: Reprise, world: World, example: str) -> None:
    await world.failed(unique())
    said = reprise(*shlex.split(example)[1:])
    assert (said.code, said.err) == (0, "")
    assert said.out


def full() -> Document:
    """As much as there can be: the longest cause, more weeks than columns, great numbers."""
    causes = ("insufficient_resources", "namespace_terminating", "timeout")
    return {
        "since": "2026-05-01T00:00:00+00:00",
        "customer_id": "a-customer",
        "failures": [{"week": week, "error_code": code, "failures": 99_999} for week in WEEKS for code in causes],
        "times": [{"state": "cleaning_up_before_retry", "stays": 4_999, "p50": 0.3, "p95": 8_000, "p99": 999_999}],
        "time_to_running": {"attempts": 9_999, "p50": 8_000, "p95": 99_999, "p99": 999_999},
        "sample": {
            "changes": 4_999,
            "first": "2026-05-01T00:00:00Z",
            "last": "2026-05-01T00:00:00Z",
            "complete": False,
        },
        "retries": [{"retries": 0, "instances": 99_990}, {"retries": 1, "instances": 10}],
        "not_yet": 12,
        "never": 1_234,
    }


def test_all_of_it_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    audit_stats.show(full())
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "ALL counts 5 earlier weeks too; -o json has each." in out
    assert f"insufficient_resources  {'99999   ' * 6}{99_999 * 11}" in out
    assert "cleaning_up_before_retry  4999   0.3s  2h 13m  11d 13h" in out
    assert "Asked for to running: half within 2h 13m, 95 % within 1d 03h (9,999 attempts)." in out
    assert "the latest, not all of the period." in out
    assert re.search(r"^0 +99990 +100 % +█{30}$", out, re.M)
    assert re.search(r"^1 +10 +0 % +▏$", out, re.M)


def test_nothing_at_all_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    ran = {"attempts": 0, "p50": None, "p95": None, "p99": None}
    nothing = {"failures": [], "times": [], "retries": [], "not_yet": 0, "never": 0, "customer_id": None}
    audit_stats.show({**full(), **nothing, "time_to_running": ran})
    assert capsys.readouterr().out.count("None") == 3
