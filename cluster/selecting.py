"""Label selectors as objects hold them, in the form in which the API's queries take them, and what they match."""

from cluster.kinds import Object

_IN = {"In": "in", "NotIn": "notin"}


def as_selector(found: Object) -> str:
    """A LabelSelector (matchLabels and matchExpressions) as a query's labelSelector.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    equal = [f"{key}={value}" for key, value in (found.get("matchLabels") or {}).items()]
    return ",".join([*equal, *map(_expression, found.get("matchExpressions") or ())])


def matches(selected: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether a Service with this selector takes pods with these labels; one without a selector takes none."""
    return bool(selected) and selected.items() <= labels.items()


def _expression(each: Object) -> str:
    key, operator = each["key"], each["operator"]
    if operator in _IN:
        return f"{key} {_IN[operator]} ({','.join(each['values'])})"
    return key if operator == "Exists" else f"!{key}"
