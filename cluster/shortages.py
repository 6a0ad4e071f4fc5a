"""Says what is short on many nodes in one sentence: what keeps a pod off them, and how many of them, not which 200."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from cluster.fitting import Lack, Short

NAMED = 3
"""How many taints or selectors one sentence names."""
MIB = 2**20


def of_node(shorts: Sequence[Short]) -> str | None:
    """What is short on one node; None where nothing is."""
    return "; ".join(_alone(short) for short in shorts) or None


def of_nodes(shorts: Mapping[str, Sequence[Short]]) -> str:
    """What is short on all nodes, by their names: one part a lack, the one that keeps most nodes away first."""
    by_lack: dict[Lack, dict[str, Short]] = {}
    for name, found in shorts.items():
        for short in found:
            by_lack.setdefault(short.lack, {})[name] = short
    parts = sorted(by_lack.items(), key=lambda part: -len(part[1]))
    return "; ".join(_part(lack, nodes) for lack, nodes in parts) if shorts else "there are no nodes"


def _part(lack: Lack, nodes: Mapping[str, Short]) -> str:
    name, best = max(nodes.items(), key=lambda item: item[1].free)
    if len(nodes) == 1:
        return f"node {name} {_alone(best)}"
    if lack in (Lack.CPU, Lack.MEMORY):
        return f"{len(nodes)} nodes have at most {_amounts(best)} (most on {name})"
    return f"{len(nodes)} nodes {_MANY[lack]}{_details(nodes)}"


def _alone(short: Short) -> str:
    if short.lack in (Lack.CPU, Lack.MEMORY):
        return f"has {_amounts(short)}"
    return f"{_ONE[short.lack]}{f' {short.detail}' if short.detail else ''}"


def _amounts(short: Short) -> str:
    if short.lack is Lack.CPU:
        return f"{_number(short.free)} cores free of the {_number(short.wanted)} needed"
    return f"{int(short.free) // MIB} MiB free of the {int(short.wanted) // MIB} needed"


def _number(cores: Decimal) -> str:
    return f"{float(cores):g}"


def _details(nodes: Mapping[str, Short]) -> str:
    counted = Counter(short.detail for short in nodes.values() if short.detail)
    named = [detail for detail, _ in counted.most_common(NAMED)]
    more = [f"{len(counted) - NAMED} more"] if len(counted) > NAMED else []
    return f" ({', '.join([*named, *more])})" if named else ""


_ONE = {
    Lack.CORDONED: "is cordoned",
    Lack.NOT_READY: "is not ready",
    Lack.TAINT: "has a taint that is not tolerated:",
    Lack.SELECTOR: "does not match",
    Lack.PODS: "runs as many pods as it may",
}
_MANY = {
    Lack.CORDONED: "are cordoned",
    Lack.NOT_READY: "are not ready",
    Lack.TAINT: "have a taint that is not tolerated",
    Lack.SELECTOR: "do not match",
    Lack.PODS: "run as many pods as they may",
}
