"""Selectors: as a query has them, and what a Service's takes."""

import pytest

from cluster.selecting import as_selector, matches


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"app": "shop", "tier": "web"}}, "app=shop,tier=web"),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}, "tier in (a,b)"),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["a"]}]}, "tier notin (a)"),
        ({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}, "a=b,x"),
        ({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}, "!x"),
    ],
)
def test_a_label_selector_as_a_query(selector: dict[str, object], text: str) -> None:
    assert as_selector(selector) == text


def test_a_service_takes_pods_that_have_all_of_its_labels() -> None:
    assert matches({"app": "shop"}, {"app": "shop", "tier": "web"})
    assert not matches({"app": "shop", "tier": "web"}, {"app": "shop"})
    assert not matches({}, {"app": "shop"}), "one without a selector has endpoints of its own"
