"""Renders install/ as a user does, with kustomize itself, and finds the custom resources that the manifests use.

Both come from the Go module proxy, once for this machine; nothing of them is committed. `python -m` fetches them ahead:
a test has no time for it.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.toolchain import go

INSTALL = Path(__file__).parents[2] / "install"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
CUSTOM = ("servicemonitors", "prometheusrules")

Object = dict[str, Any]


def rendered(overlay: str) -> list[Object]:
    """Every object of install/`overlay`, in the order in which they are applied."""
    told = _run(str(_kustomize()), "build", str(INSTALL / overlay))
    return [each for each in yaml.safe_load_all(told) if each]


def custom_resources() -> list[Object]:
    """The definitions of the custom resources that install/monitoring uses."""
    directory = _operator() / "example" / "prometheus-operator-crd"
    return [yaml.safe_load((directory / f"monitoring.coreos.com_{name}.yaml").read_text()) for name in CUSTOM]


def _operator() -> Path:
    return Path(json.loads(_run(str(go()), "mod", "download", "-json", OPERATOR))["Dir"])


def _kustomize() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reprise" / KUSTOMIZE.rpartition("@")[2]
    if not (cache / "kustomize").exists():
        _run(str(go()), "install", KUSTOMIZE, GOBIN=str(cache))
    return cache / "kustomize"


def _run(*command: str, **more: str) -> str:
    # not in the checkout: another go.mod would be taken for the one that is meant
    done = subprocess.run(command, env=os.environ | more, cwd="/", capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


if __name__ == "__main__":
    _kustomize()
    _operator()
