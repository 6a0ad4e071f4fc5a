"""The count has to be typed, and where nobody is there to type it that is said."""

import pytest
import typer

from cli.confirming import typed_count


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: typed)


def test_the_count_lets_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, " 12 ")
    typed_count(12, "retry these")


@pytest.mark.parametrize("typed", ["yes", "y", "11", ""])
def test_anything_else_ends_it(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    at_a_terminal(monkeypatch, typed)
    with pytest.raises(typer.Abort):
        typed_count(12, "retry these")


def test_where_nobody_can_be_asked_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(typer.BadParameter) as refused:
        typed_count(12, "retry these")
    assert refused.value.param_hint == "--yes"
