"""What the documents point at is there, and README's picture shows the demonstration as it is."""

import html
import re
from pathlib import Path

import pytest

from embedded.demo.checklist import POINTS, Point
from embedded.demo.narration import Step
from embedded.demo.picture import drawn
from embedded.demo.run import Report
from schemas.settings import Settings

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FOLDERS = [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
SOURCES = [path for folder in FOLDERS for path in folder.rglob("*") if path.suffix in (".py", ".yaml", ".env")]
SEEN = ("1 Insufficient cpu", "receipt: Deployment", "error/failed", "credentials fetched", "running/completed")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


def words(svg: str) -> str:
    """The text of a picture in the order of its lines."""
    return html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).replace("\xa0", " ")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link, _ in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_into_a_document_leads_to_a_heading(document: Path) -> None:
    links = [(document.parent / link if link else document, part) for link, part in LINK.findall(document.read_text())]
    assert [(found.name, part) for found, part in links if part and part not in headings(found)] == []


def headings(document: Path) -> set[str]:
    """As links name them. Source: github.com/gjtorikian/html-pipeline, toc_filter.rb"""
    found = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_setting_has_a_place_in_its_page_and_no_other_has() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    cells = re.findall(r"^\| (`[A-Z_]+`.*?) \|", page, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)]
    assert sorted(named) == sorted(field.upper() for field in Settings.model_fields)


def test_a_document_that_code_or_manifest_names_is_there() -> None:
    named = {name for source in SOURCES for name in re.findall(r"\bdocs/[\w-]+\.\w+", source.read_text())}
    assert {"docs/profiles.md", "docs/settings.md", "docs/installing.md"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []


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
