"""Finds a Go that can build the control plane: `python -m tests.controlplane.toolchain` prints it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "program"
Version = tuple[int, ...]


class GoMissing(Exception):
    """No Go that is new enough is installed."""


def go() -> Path:
    """The Go to build with: the machine's, or the one installed beside this Python. Raises GoMissing."""
    wanted = wanted_version()
    found = {path: version_of(path) for path in _candidates()}
    for path, version in found.items():
        if version >= wanted:
            return path
    older = ", ".join(f"{path} is {_dotted(version)}" for path, version in found.items()) or "none is installed"
    raise GoMissing(f"Go {_dotted(wanted)} or later is needed ({older}); `make control-plane` installs one into .venv")


def wanted_version() -> Version:
    """The one that go.mod names."""
    return _parsed(re.search(r"^go (\S+)$", (PROGRAM / "go.mod").read_text(), re.MULTILINE))


def version_of(path: Path) -> Version:
    """Of an installed Go: (1, 26, 8)."""
    told = subprocess.run([path, "env", "GOVERSION"], capture_output=True, text=True, check=True, cwd="/")  # noqa: S603
    return _parsed(re.match(r"go(\S+)", told.stdout))


def _candidates() -> list[Path]:
    own = Path(sys.executable).parent / "go"
    named = shutil.which("go")
    return [path for path in (Path(named) if named else own, own) if path.exists()]


def _parsed(found: re.Match[str] | None) -> Version:
    if found is None:
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", found.group(1)))


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    try:
        print(go())  # noqa: T201 - this is a command
    except GoMissing as missing:
        raise SystemExit(str(missing)) from missing
