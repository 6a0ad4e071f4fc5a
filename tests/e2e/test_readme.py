"""The README's commands, one after another, as a newcomer types them while `make up` runs."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.waiting import until

README = (Path(__file__).parents[2] / "README.md").read_text()
TEN_THINGS = README.partition("## The ten things people do next")[2].partition("\n## ")[0]
COMMANDS = [*re.findall(r"^ +(reprise (?!serve).*)$", TEN_THINGS, re.MULTILINE), "reprise doctor"]
"""Without `serve`: its parts need a cluster of their own."""
REPRISE = (sys.executable, "-m", "cli.main")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    return bare | {"REPRISE_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def up(tmp_path: Path, environment: dict[str, str]) -> Iterator[Path]:
    """A running `reprise up`; what it says is in a file."""
    said = tmp_path / "up.out"
    with said.open("wb") as file:
        settings = environment | {"REPRISE_PORT": str(free_port())}
        process = subprocess.Popen([*REPRISE, "up"], env=settings, stdout=file, stderr=file)  # noqa: S603 - ours
    yield said
    process.terminate()
    process.wait(90)


@pytest.mark.timeout(300)
async def test_every_command_does_what_the_readme_says(up: Path, environment: dict[str, str]) -> None:
    await until(lambda: "In another shell" in up.read_text(), 90, what="reprise up to be ready")
    assert len(COMMANDS) >= 15
    for command in COMMANDS:
        arguments = shlex.split(command, comments=True)[1:]
        done = subprocess.run([*REPRISE, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603, ASYNC221 - one after another
        expected = 1 if "# fails" in command else 0
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
