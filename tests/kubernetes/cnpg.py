"""CloudNativePG's own definition of its Cluster, read from the module cache of Go: it is committed nowhere."""

import subprocess
from pathlib import Path
from typing import Any

import orjson
import yaml

from tests.controlplane.toolchain import go

MODULE = "github.com/cloudnative-pg/cloudnative-pg@v1.27.0"
DEFINITION = "config/crd/bases/postgresql.cnpg.io_clusters.yaml"


def definition() -> dict[str, Any]:
    """The CustomResourceDefinition. The module is fetched once, and checked against Go's checksum database."""
    command = (go(), "mod", "download", "-json", MODULE)
    told = subprocess.run(command, capture_output=True, check=True, cwd="/", timeout=300)  # noqa: S603
    found: dict[str, Any] = yaml.safe_load((Path(orjson.loads(told.stdout)["Dir"]) / DEFINITION).read_text())
    return found
