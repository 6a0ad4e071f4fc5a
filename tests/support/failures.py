"""Reads the table of docs/failures.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "failures.md"


@dataclass(frozen=True)
class Told:
    """One row. In `sentence`, … stands for any text and a number for any number."""

    cause: str
    sentence: str
    code: str
    remedy: str

    def said_by(self, text: str) -> bool:
        """Whether a text is this sentence."""
        return matches(self.sentence, text)

    @property
    def cause_of_delay(self) -> str | None:
        """What the sentence says after the deadline that it tells of; None where nothing is waited for."""
        _, *after = re.split(r" within \d+ s: ", self.sentence)
        return after[0] if after else None


def rows() -> dict[str, Told]:
    """By cause."""
    return {row.cause: row for row in _rows(PAGE.read_text())}


def _rows(page: str) -> Iterator[Told]:
    _, _, table = page.partition("|---|---|---|---|\n")
    for line in table.splitlines():
        if line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            yield Told(cells[0], cells[1], cells[2].strip("`"), cells[3])


def matches(sentence: str, text: str) -> bool:
    """Whether a text is a sentence, as the page writes it."""
    pattern = re.sub(r"\d+", r"\\d+", re.escape(sentence).replace("…", ".+?"))
    return re.fullmatch(pattern, text) is not None
