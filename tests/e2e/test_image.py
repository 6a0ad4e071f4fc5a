"""The steps of the Dockerfile, run as plain commands on a copy of what a container engine would be sent."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.packaging.test_dockerfile import BUILD, CONTEXT, ROOT, arguments

PLACE = "/opt/reprise"


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(command, cwd=cwd, env=env, stdout=-1, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603
    return done.returncode, done.stdout


@pytest.mark.timeout(300)
def test_they_make_a_reprise_that_runs_without_its_sources(tmp_path: Path) -> None:
    source, target = tmp_path / "src", tmp_path / "reprise"
    for each in CONTEXT:
        (source / each).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
        copy(ROOT / each, source / each)
    for step in arguments(BUILD, "RUN"):
        command = step.replace(PLACE, str(target)).replace("python -m venv", f"{sys.executable} -m venv")
        code, said = run(*command.split(), cwd=source)
        assert code == 0, f"{step}\n{said}"
    shutil.rmtree(source)
    code, said = run(target / "bin" / "reprise", "serve", "--help", cwd=tmp_path)
    assert (code, "lifecycle" in said) == (0, True), said
    code, said = run(target / "bin" / "reprise", "migrate", cwd=tmp_path, env={})
    assert (code, "REPRISE_DATABASE_URL: is missing" in said) == (2, True), said
