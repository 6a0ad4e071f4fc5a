"""Users of a control plane who are less than its admin: ServiceAccounts with tokens of their own."""

from pathlib import Path

import yaml
from kubernetes_asyncio.client import CoreV1Api

from tests.contract.client import Client

LIFETIME = 3600
"""Seconds that a token is good for."""


async def kubeconfig_of(admin: Client, account: str, given: Path, directory: Path) -> Path:
    """Make a kubeconfig of this ServiceAccount in the admin's namespace, out of the admin's own.

    Its token stands in a file beside it: `renew_token` changes that under whoever uses it.
    """
    await renew_token(admin, account, directory)
    return _kubeconfig(given, account, admin.namespace, directory)


async def renew_token(admin: Client, account: str, directory: Path) -> str:
    """Ask for a new token, and put it where the kubeconfig finds it."""
    asked = {"spec": {"expirationSeconds": LIFETIME}}
    answer = await CoreV1Api(admin.api).create_namespaced_service_account_token(account, admin.namespace, asked)
    token = str(answer.status.token)
    (directory / f"{account}.token").write_text(token)
    return token


def _kubeconfig(given: Path, account: str, namespace: str, directory: Path) -> Path:
    found = yaml.safe_load(given.read_text())
    context = next(each["context"] for each in found["contexts"] if each["name"] == found["current-context"])
    context |= {"user": account, "namespace": namespace}
    found["users"] = [{"name": account, "user": {"tokenFile": str(directory / f"{account}.token")}}]
    found["contexts"] = [{"name": account, "context": context}]
    path = directory / f"{account}.kubeconfig"
    path.write_text(yaml.safe_dump({**found, "current-context": account}))
    return path
