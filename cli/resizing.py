"""Resizes the node of the simulated cluster, through the Kubernetes API that it speaks."""

from pathlib import Path
from typing import Any, NamedTuple

from cli.client import Client, Document
from cli.target import Target, data_dir
from schemas.errors import BadInput, BadSettings, NotFound
from schemas.quantities import amount

_MERGE = {"Content-Type": "application/merge-patch+json"}


class Size(NamedTuple):
    """A node, as Kubernetes writes quantities."""

    name: str
    cpu: str
    memory: str


def resize(client: Client, cpu: str | None, memory: str | None) -> Size:
    """Give the node another size; None leaves that as it is.

    Raises BadInput for what is no quantity, NotFound where the cluster has no node, DependencyDown.
    """
    wanted = {"cpu": _quantity("cpu", cpu), "memory": _quantity("memory", memory)}
    change = {name: value for name, value in wanted.items() if value is not None}
    nodes = client.get("/api/v1/nodes")["items"]
    if not nodes:
        raise NotFound("The simulated cluster has no node")
    name = nodes[0]["metadata"]["name"]
    patch: Document = {"status": {"capacity": change, "allocatable": change}}
    found = client.call("PATCH", f"/api/v1/nodes/{name}/status", body=patch, headers=_MERGE)
    allocatable = found["status"]["allocatable"]
    return Size(name, allocatable["cpu"], allocatable["memory"])


def simulated_cluster() -> Client:
    """A client of the simulated cluster that `reprise up` runs. Raises NotFound where there is none."""
    root = data_dir()
    kubeconfig = root / "cluster" / "kubeconfig" if root else None
    if kubeconfig is None or not kubeconfig.is_file():
        raise NotFound("There is no simulated cluster here; `reprise up` runs one, and only that can be resized")
    return Client(_target(kubeconfig))


def _target(kubeconfig: Path) -> Target:
    import yaml

    try:
        content: Any = yaml.safe_load(kubeconfig.read_text())
        return Target(content["clusters"][0]["cluster"]["server"], content["users"][0]["user"]["token"])
    except (yaml.YAMLError, OSError, KeyError, IndexError, TypeError) as error:
        raise BadSettings("REPRISE_DATA_DIR", f"{kubeconfig} cannot be read: {error}") from error


def _quantity(field: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        positive = amount(text) > 0
    except ValueError as error:
        raise BadInput(field, str(error)) from error
    if not positive:
        raise BadInput(field, "must be more than zero")
    return text
