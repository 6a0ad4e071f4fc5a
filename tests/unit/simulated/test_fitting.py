"""The scheduler's sentences, over several nodes; the wording was read off kube-scheduler 1.37."""

from typing import Any

import pytest

from embedded.simulated import fitting
from embedded.simulated.fitting import Node
from embedded.simulated.objects import Object


def _node(name: str, cpu: str = "4", used: Object | None = None, **spec: Any) -> Node:
    allocatable = {"cpu": cpu, "memory": "8Gi", "pods": "2"}
    obj = {"metadata": {"name": name, "labels": {"host": name}}, "spec": spec, "status": {"allocatable": allocatable}}
    node = Node(obj)
    if used is not None:
        node.take(used)
    return node


def _pod(cpu: str = "1", memory: str = "1Gi", init_cpu: str = "0", **spec: Any) -> Object:
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]
    init = [{"name": "i", "resources": {"requests": {"cpu": init_cpu}}}]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers, "initContainers": init, **spec}}


TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("pod", "nodes", "sentence"),
    [
        (
            _pod("5"),
            [_node("a")],
            "0/1 nodes are available: 1 Insufficient cpu. "
            "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        ),
        (
            _pod("3"),
            [_node("a", used=_pod("2"))],
            "0/1 nodes are available: 1 Insufficient cpu. "
            "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
        ),
        (
            _pod("5", "9Gi"),
            [_node("a"), _node("b", taints=[TAINT]), _node("c", unschedulable=True)],
            "0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had untolerated taint(s), "
            "1 node(s) were unschedulable. "
            "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        ),
        (_pod("1"), [], "no nodes available to schedule pods"),
    ],
)
def test_it_says_why_no_node_takes_the_pod(pod: Object, nodes: list[Node], sentence: str) -> None:
    assert fitting.choose(pod, nodes) == (None, sentence)


def test_the_hungriest_init_container_counts() -> None:
    assert fitting.choose(_pod("1", init_cpu="5"), [_node("a")])[0] is None
    chosen, _ = fitting.choose(_pod("1", init_cpu="4"), [_node("a")])
    assert chosen is not None


def test_the_node_with_most_room_is_taken() -> None:
    chosen, _ = fitting.choose(_pod("1"), [_node("a", used=_pod("2")), _node("b")])
    assert chosen is not None
    assert chosen.name == "b"


def test_a_node_takes_only_so_many_pods() -> None:
    full = _node("a", used=_pod("0"))
    full.take(_pod("0"))
    assert "1 Too many pods" in fitting.choose(_pod("0"), [full])[1]


def test_a_toleration_lets_it_through() -> None:
    tolerant = _pod(tolerations=[{"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"}])
    chosen, _ = fitting.choose(tolerant, [_node("a", taints=[TAINT])])
    assert chosen is not None
