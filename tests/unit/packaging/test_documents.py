"""What the documents point at is there, and README's picture shows the demonstration as it is."""

import html
import re
from pathlib import Path

import pytest

from embedded.demo.checklist import POINTS, Point
from embedded.demo.narration import Step
from embedded.demo.picture import drawn
from embedded.demo.run import Report

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SEEN = ("1 Insufficient cpu", "receipt: Deployment", "error/failed", "credentials fetched", "running/completed")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def words(svg: str) -> str:
    """The text of a picture in the order of its lines."""
    return html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).replace("\xa0", " ")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_picture_shows_the_whole_loop_and_every_point_held() -> None:
    shown = words((ROOT / "docs" / "demo.svg").read_text())
    for point, _ in POINTS:
        assert f"✓ {point}" in shown
    assert "✗" not in shown
    assert all(seen in shown for seen in SEEN)


def test_a_picture_is_drawn_from_a_run_and_loads_nothing_from_elsewhere() -> None:
    step = Step("The cluster grows", ["node node-0 has 12 CPU now"], 1.25)
    svg = drawn(Report([step], [Point("It holds", []), Point("It does not", [])]))
    assert "1. The cluster grows  1.2 s" in words(svg)
    assert "   node node-0 has 12 CPU now" in words(svg)
    assert "url(http" not in svg
