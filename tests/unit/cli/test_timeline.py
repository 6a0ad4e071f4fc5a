"""Attempts as bars: where each step stands, how long it is, and what it waited for."""

from typing import Any

import pytest

from cli.timeline import bar, draw, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0s"), (9.4, "9.4s"), (12.0, "12s"), (185.0, "3m 05s"), (7_620.0, "2h 07m"), (273_600.0, "3d 04h")],
)
def test_a_length_of_time_is_said_in_its_greatest_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("began", "ended", "drawn"),
    [
        (0, 40, "█" * 40),
        (0, 10, "█" * 10),
        (30, 40, " " * 30 + "█" * 10),
        (20, 20.1, " " * 20 + "▏"),
        (40, 40, " " * 39 + "▏"),
    ],
)
def test_a_bar_stands_where_its_step_was(began: float, ended: float, drawn: str) -> None:
    assert bar(began, ended, 40) == drawn


def test_an_attempt_without_length_is_drawn_too() -> None:
    assert bar(0, 0, 0) == "▏"


def _step(state: str, began: int, ended: int | None, *waits: dict[str, Any]) -> dict[str, Any]:
    return {"state": state, "began_at": _at(began), "ended_at": None if ended is None else _at(ended), "waits": waits}


def _at(second: int) -> str:
    return f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}+00:00"


def test_steps_are_drawn_in_their_attempt_and_what_came_after_it_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    wait = {"since": _at(15), "cause": "0/1 nodes are available", "cause_code": "insufficient_resources"}
    attempt = {
        "attempt": 1,
        "actor": "cli:alice",
        "began_at": _at(0),
        "ended_at": _at(40),
        "ended_in": "error",
        "error_code": "insufficient_resources",
        "error": "it did not fit",
        "steps": [_step("pending", 0, 10), _step("deploying", 10, 40, wait), _step("error", 40, None)],
    }
    draw({"at": _at(100), "earlier": False, "attempts": [attempt]})
    title, why, pending, deploying, waited, error = capsys.readouterr().out.splitlines()
    assert title.startswith("Attempt 1  ")
    assert title.endswith("  40s  error  cli:alice")
    assert why == "  insufficient_resources: it did not fit"
    assert pending == f"  pending          10s  {'█' * 10}"
    assert deploying == f"  deploying        30s  {' ' * 10}{'█' * 30}"
    assert waited.endswith("0/1 nodes are available")
    assert error == "  error        1m 00s…"
