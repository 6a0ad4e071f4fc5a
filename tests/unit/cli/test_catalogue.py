"""The overview: quick, complete, and true to the commands it lists."""

import resource
import subprocess
import sys
from typing import Any

import pytest

from cli.app import load, main
from cli.catalogue import COMMANDS, overview

HELP = (sys.executable, "-m", "cli.main", "--help")
LIMIT = 0.150
"""Seconds for `reprise --help`."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_explains_itself(name: str) -> None:
    command: Any = load(name, COMMANDS[name].module)
    assert command.name == name
    assert command.get_short_help_str()


def test_the_overview_lists_every_command() -> None:
    text = overview()
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert "Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings, 3 unreachable." in text


def test_the_overview_is_the_same_with_and_without_typer(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert capsys.readouterr().out.strip() == overview()


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frobnicate"]) == 2
    assert "No such command 'frobnicate'" in capsys.readouterr().err


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--frobnicate"]) == 2
    assert "frobnicate" in capsys.readouterr().err


def test_help_is_answered_within_its_limit() -> None:
    """By the time that it takes of a processor: it waits for nothing, and others use this machine too."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(HELP, check=True, capture_output=True)  # noqa: S603 - ours
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(10)) < LIMIT


def test_help_loads_nothing_that_costs_time() -> None:
    listing = "import sys; sys.argv[1:] = ['--help']; from cli.main import run; run(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True, text=True)  # noqa: S603
    loaded = set(found.stdout.splitlines()[-1].split())
    assert loaded.isdisjoint({"typer", "rich", "pydantic", "asyncio", "httpx", "json"})
