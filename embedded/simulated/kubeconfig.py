"""Writes the kubeconfig with which kubectl and every client library reach the cluster."""

import json
import os
from pathlib import Path
from typing import Any

_NAME = "simulated"


def write(file: Path, server: str, token: str, authority: str) -> None:
    """A kubeconfig for its owner's eyes only (0600), complete at every moment.

    `authority` is the certificate to trust, base64 of its PEM.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML, so no YAML library is needed to write it.
    content = json.dumps(_document(server, token, authority), indent=2) + "\n"
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(content)
    draft.replace(file)


def _document(server: str, token: str, authority: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": "admin"}}],
        "current-context": _NAME,
    }
