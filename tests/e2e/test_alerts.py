"""The alert rules: valid PromQL over metrics that Reprise has, and each with a row that says what to do."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from schemas.settings import Settings
from schemas.types import EventType
from statemachine.states import State
from tests.support.installation import installation

ROOT = Path(__file__).parents[2]
[GROUP] = yaml.safe_load((ROOT / "install" / "monitoring" / "alerts.yaml").read_text())["spec"]["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in GROUP["rules"]}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
OF_PROMETHEUS = {"up"}


def selectors(expression: object) -> Iterator[Any]:
    """Every selector in a parsed expression, however deep."""
    if type(expression).__name__ == "VectorSelector":
        yield expression
    for name in ("expr", "lhs", "rhs", "vector_selector", "args"):
        below = getattr(expression, name, None)
        for each in below if isinstance(below, list) else [below]:
            if each is not None:
                yield from selectors(each)


def used(rule: dict[str, Any]) -> list[Any]:
    found = list(selectors(promql_parser.parse(rule["expr"])))
    assert found, rule["expr"]
    return found


def measured(text: str) -> set[str]:
    """The names of the series that an answer of /metrics may hold."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        names |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    return names


async def test_every_metric_exists(whole: Settings, nats_url: str) -> None:
    async with installation(whole.model_copy(update={"nats_url": nats_url})) as reprise:
        text = (await reprise.http.get("/metrics")).text
    wanted = {selector.name for rule in RULES.values() for selector in used(rule)}
    assert wanted - OF_PROMETHEUS - measured(text) == set()


def test_what_is_chosen_by_name_is_a_name_that_reprise_uses() -> None:
    known = {"state": set(State), "type": set(EventType)}
    for rule in RULES.values():
        for matcher in (each for selector in used(rule) for each in selector.matchers.matchers):
            values = known.get(matcher.name)
            assert values is None or set(matcher.value.split("|")) <= {each.value for each in values}, rule["alert"]


def test_a_metric_that_does_not_exist_would_be_seen() -> None:
    rule = {"expr": "histogram_quantile(0.9, sum by (le) (rate(nothing_bucket[5m]))) > 1 and max(other) == 0"}
    assert {selector.name for selector in used(rule)} == {"nothing_bucket", "other"}
    with pytest.raises(ValueError, match="parenthesis"):
        promql_parser.parse("sum(")


@pytest.mark.parametrize("alert", RULES)
def test_every_alert_says_how_bad_it_is_and_what_to_do(alert: str) -> None:
    assert RULES[alert]["labels"]["severity"] in ("warning", "critical")
    assert RULES[alert]["annotations"]["summary"]
    [row] = re.findall(rf"^\| `{alert}` \| (.+) \| (.+) \|$", OPERATIONS, re.MULTILINE)
    assert all(cell.strip() for cell in row)


def test_no_row_is_of_an_alert_that_is_gone() -> None:
    assert set(re.findall(r"^\| `(Reprise\w+)` \|", OPERATIONS, re.MULTILINE)) == set(RULES)
