"""Builds the control plane's program once, and keeps it where every checkout of this machine finds it.

The first build compiles all of Kubernetes: 7 minutes on two cores, and 4 GB of Go's own build cache; then 15 seconds.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.controlplane.toolchain import PROGRAM, go

UNUSED_AFTER = 7 * 24 * 3600
"""Seconds after which a program that nobody has used is removed."""
KUBERNETES = "v1.37.2"
_VERSION = "k8s.io/component-base/version"
_FLAGS = ("-buildvcs=false", "-trimpath")


def program() -> Path:
    """The built program, of exactly these sources. Raises GoMissing, CalledProcessError where it does not compile."""
    directory = _cache()
    directory.mkdir(parents=True, exist_ok=True)
    built = directory / f"controlplane-{_fingerprint()}"
    with _alone(directory / "lock"):
        if not built.exists():
            _build(built)
        built.touch()
        _remove_unused(directory)
    return built


def _build(built: Path) -> None:
    print("Building the Kubernetes control plane (minutes at the first time)", file=sys.stderr)  # noqa: T201
    draft = built.with_suffix(".draft")
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    told = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor}
    link = " ".join(("-s -w", *(f"-X {_VERSION}.{name}={value}" for name, value in told.items())))
    subprocess.run([go(), "build", *_FLAGS, "-ldflags", link, "-o", draft, "."], cwd=PROGRAM, check=True)  # noqa: S603
    draft.rename(built)


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(PROGRAM.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(PROGRAM)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reprise"


def _remove_unused(directory: Path) -> None:
    for path in directory.glob("controlplane-*"):
        if path.stat().st_mtime < time.time() - UNUSED_AFTER:
            path.unlink()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two test runs at a time build once."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
