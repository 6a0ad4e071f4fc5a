"""What is short, in words that stay readable whatever the number of nodes."""

from decimal import Decimal
from itertools import chain

from cluster.fitting import Lack, Short
from cluster.shortages import of_node, of_nodes


def cpu(free: str) -> Short:
    return Short(Lack.CPU, free=Decimal(free), wanted=Decimal(2))


def memory(free: int) -> Short:
    return Short(Lack.MEMORY, free=Decimal(free * 2**20), wanted=Decimal(1024 * 2**20))


def test_one_node_is_named_with_all_that_is_short() -> None:
    assert of_nodes({"a": [cpu("0.5"), memory(512)]}) == (
        "node a has 0.5 cores free of the 2 needed; node a has 512 MiB free of the 1024 needed"
    )
    assert (
        of_node([cpu("0.5"), memory(512)]) == "has 0.5 cores free of the 2 needed; has 512 MiB free of the 1024 needed"
    )
    assert of_node([]) is None


def test_two_hundred_nodes_are_counted_and_the_best_is_named() -> None:
    full = {f"node-{number}": [cpu(str(number / 100))] for number in range(150)}
    tainted = {f"db-{number}": [Short(Lack.TAINT, "dedicated=db:NoSchedule")] for number in range(30)}
    gone = {f"gone-{number}": [Short(Lack.NOT_READY)] for number in range(15)}
    others = {f"web-{number}": [Short(Lack.SELECTOR, "pool=odoo")] for number in range(4)}
    cordoned = {"old": [Short(Lack.CORDONED)]}
    sentence = of_nodes(dict(chain.from_iterable(part.items() for part in (full, tainted, gone, others, cordoned))))
    assert sentence == (
        "150 nodes have at most 1.49 cores free of the 2 needed (most on node-149); "
        "30 nodes have a taint that is not tolerated (dedicated=db:NoSchedule); 15 nodes are not ready; "
        "4 nodes do not match (pool=odoo); node old is cordoned"
    )


def test_many_different_taints_are_not_all_named() -> None:
    shorts = {str(number): [Short(Lack.TAINT, f"customer={number}:NoSchedule")] for number in range(200)}
    assert of_nodes(shorts) == (
        "200 nodes have a taint that is not tolerated "
        "(customer=0:NoSchedule, customer=1:NoSchedule, customer=2:NoSchedule, 197 more)"
    )


def test_full_nodes_and_none_at_all() -> None:
    assert of_nodes({"a": [Short(Lack.PODS)], "b": [Short(Lack.PODS)]}) == "2 nodes run as many pods as they may"
    assert of_nodes({}) == "there are no nodes"
