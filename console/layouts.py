"""Where the state diagram's boxes and arrows lie, as Graphviz has placed them in states.plain.

`reprise diagram --write console/states.plain` makes that file anew from the state table; `make check` compares it.
Source of its format: https://graphviz.org/docs/outputs/plain/
"""

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from statemachine.states import State

UNIT = 72.0
"""Of the picture to an inch, as the file measures: letters are 13 units high."""
EDGE = 4.0
"""Around the picture: lines are as thick as that at most."""
HEAD, HALF = 8.0, 3.5
"""Length of an arrow's head, and half of its width."""

Point = tuple[float, float]
Move = tuple[State, State]


@dataclass(frozen=True, slots=True)
class Box:
    """One state: its name in lines, and where it lies."""

    lines: tuple[str, ...]
    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """From left to right."""
        return self.left + self.width / 2

    @property
    def baselines(self) -> list[tuple[str, float]]:
        """Each line, and how far down it is written."""
        first = self.top + self.height / 2 - 8 * (len(self.lines) - 1) + 4.5
        return [(line, first + 16 * number) for number, line in enumerate(self.lines)]


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one state to another: two paths of SVG."""

    line: str
    head: str


@dataclass(slots=True)
class Layout:
    """One picture, in its own units. `arrows` are those that are always drawn."""

    width: float
    height: float
    boxes: dict[State, Box] = field(default_factory=dict)
    arrows: dict[Move, Arrow] = field(default_factory=dict)

    def around(self, move: Move) -> Arrow:
        """An arrow that has no place of its own: in a bow from box to box, as far from the others as one bow can be."""
        source, dest = (self.boxes[state] for state in move)
        low = self.height - EDGE
        start = (source.middle, source.top + source.height)
        end = (dest.middle + (12 if source.left < dest.left else -12), dest.top + dest.height + HEAD)
        return _arrow([start, (start[0], low), (end[0], low), end])


def layouts() -> tuple[Layout, Layout]:
    """For a wide page, and for a narrow one."""
    text = (Path(__file__).parent / "states.plain").read_text()
    wide, narrow = (_layout(part.splitlines()) for part in text.split("stop\n") if part.strip())
    return wide, narrow


def _layout(lines: Sequence[str]) -> Layout:
    rows = [shlex.split(line) for line in lines]
    _, _, width, height = rows[0]
    found = Layout(float(width) * UNIT + 2 * EDGE, float(height) * UNIT + 2 * EDGE)
    for kind, *row in rows[1:]:
        if kind == "node":
            found.boxes[State(row[0])] = _box(row, found.height)
        else:
            found.arrows[State(row[0]), State(row[1])] = _arrow(list(_points(row, found.height)))
    return found


def _box(row: Sequence[str], height: float) -> Box:
    x, y, wide, high = (float(number) * UNIT for number in row[1:5])
    return Box(tuple(row[5].split(r"\n")), x - wide / 2 + EDGE, height - EDGE - y - high / 2, wide, high)


def _points(row: Sequence[str], height: float) -> Iterator[Point]:
    numbers = [float(number) * UNIT for number in row[3 : 3 + 2 * int(row[2])]]
    return ((x + EDGE, height - EDGE - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True))


def _arrow(points: Sequence[Point]) -> Arrow:
    """Along a Bézier curve; the head goes on from its end."""
    curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[1:])
    (x, y), (before_x, before_y) = points[-1], points[-2]
    length = math.hypot(x - before_x, y - before_y) or 1.0
    along, across = (x - before_x) / length, (y - before_y) / length
    sides = [(x - across * HALF, y + along * HALF), (x + across * HALF, y - along * HALF)]
    corners = [sides[0], (x + along * HEAD, y + across * HEAD), sides[1]]
    head = " ".join(f"{'M' if not number else 'L'}{x:.1f},{y:.1f}" for number, (x, y) in enumerate(corners))
    return Arrow(f"M{points[0][0]:.1f},{points[0][1]:.1f} C{curve}", f"{head} Z")
