"""Tables on a terminal: coloured, and no line longer than what stands in it."""

import re

import pytest

from cli.output import as_fields, as_table

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich takes what it writes to for a terminal that knows colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.usefixtures("on_a_terminal")
def test_no_line_is_filled_up_with_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(("NAME", "WHY"), [("shop", "it waits for a very long time"), ("big", "error"), ("none", None)])
    as_fields({"state": "running", "why": "it waits for a very long time"})
    printed = capsys.readouterr().out
    lines = COLOUR.sub("", printed).splitlines()
    assert printed.count("\x1b[1m") == 2
    assert "\x1b[31merror" in printed
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[0] == "NAME  WHY"
