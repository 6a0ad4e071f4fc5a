"""Moves by a state table as the machine does, but nothing else: for the millions of rows of a log decided again.

The package calls, logs and looks up much besides, which is a third of all that deciding a row again takes. Tests hold
the two together in every state that can be reached.
"""

from collections import defaultdict
from collections.abc import Iterable

from statemachine.deciding import Deciding
from statemachine.machine import Move
from statemachine.table import EDGES, Edge


def walker(edges: Iterable[Edge]) -> Move:
    """What moves by these edges: of those of one event, the first whose guards agree."""
    table: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        for source in edge.sources:
            table[source.value, edge.event.value].append(edge)

    def move(deciding: Deciding) -> bool:
        for edge in table.get((deciding.state, deciding.event.type), ()):
            if all(guard(deciding) for guard in edge.when):
                _take(edge, deciding)
                return True
        return False

    return move


def _take(edge: Edge, deciding: Deciding) -> None:
    for action in edge.then:
        action(deciding)
    if edge.dest is not None:
        deciding.state = edge.dest.value
        deciding.enter()
    for action in edge.after:
        action(deciding)


walk: Move = walker(EDGES)
"""By the state table of this version."""
