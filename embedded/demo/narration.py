"""Tells what the demonstration does while it does it, and keeps it for the end."""

import time
from dataclasses import dataclass, field
from typing import Protocol


@dataclass
class Step:
    """One step: what it is about, what was seen, and how long it took."""

    title: str
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Stage(Protocol):
    """Where a step is shown while it happens."""

    def begin(self, title: str) -> None:
        """A step begins."""

    def line(self, seconds: float, text: str) -> None:
        """Something was seen, `seconds` after the step began."""

    def end(self, seconds: float) -> None:
        """The step is over."""


class Silent:
    """Shows nothing."""

    def begin(self, title: str) -> None: ...

    def line(self, seconds: float, text: str) -> None: ...

    def end(self, seconds: float) -> None: ...


class Narrator:
    """Keeps the steps, and shows them on a stage. A step lasts until the next one begins."""

    def __init__(self, stage: Stage) -> None:
        self.steps: list[Step] = []
        self._stage = stage
        self._began = 0.0

    def step(self, title: str) -> None:
        """The next step begins."""
        self.end()
        self.steps.append(Step(title))
        self._began = time.monotonic()
        self._stage.begin(title)

    def say(self, text: str) -> None:
        """One line of the present step."""
        self.steps[-1].lines.append(text)
        self._stage.line(time.monotonic() - self._began, text)

    def end(self) -> None:
        """The present step is over."""
        if self.steps and not self.steps[-1].seconds:
            self.steps[-1].seconds = round(time.monotonic() - self._began, 2)
            self._stage.end(self.steps[-1].seconds)
