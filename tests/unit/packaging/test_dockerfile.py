"""The Dockerfile, as far as it can be judged from its text; tests/e2e/test_image.py runs its steps."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
LINES = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
BUILD, FINAL = (stage.splitlines() for stage in re.split(r"^FROM .*\n", "\n".join(LINES), flags=re.MULTILINE)[1:])
CONTEXT = [line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def arguments(stage: list[str], instruction: str) -> list[str]:
    return [line.removeprefix(f"{instruction} ") for line in stage if line.startswith(f"{instruction} ")]


def test_what_is_copied_is_part_of_the_context_and_there() -> None:
    for line in arguments(BUILD, "COPY"):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists()
            assert source == "." or any(each == source or each.startswith(source) for each in CONTEXT), source
    assert [each for each in CONTEXT if not (ROOT / each).exists()] == []


def test_the_context_has_every_package_that_is_built() -> None:
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    assert set(re.findall(r'"(\w+)"', packages[1])) <= set(CONTEXT)


def test_the_image_runs_as_somebody_who_is_not_root_and_holds_no_build_tools() -> None:
    assert arguments(FINAL, "USER") == ["10001:10001"]
    assert arguments(FINAL, "ENTRYPOINT") == ['["reprise"]']
    assert [line for line in arguments(FINAL, "RUN") if "pip" in line or "apt" in line] == []
    assert arguments(FINAL, "COPY") == ["--from=build /opt/reprise /opt/reprise"]
