"""Users with tokens of their own, who may do what a role says and nothing else."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from kubernetes_asyncio.client import ApiException

from tests.contract.client import Client, refusal
from tests.controlplane.users import kubeconfig_of, renew_token
from tests.kubernetes.conftest import connected
from tests.support.waiting import until

READER = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}


@pytest_asyncio.fixture
async def owner(admin: Client) -> AsyncIterator[Client]:
    """The admin, in a namespace of the test's own with a ServiceAccount `reader`."""
    found = Client(admin.api, f"users-{secrets.token_hex(4)}")
    await found.create("namespaces", {"metadata": {"name": found.namespace}})
    await found.create("serviceaccounts", {"metadata": {"name": "reader"}})
    yield found
    await found.delete("namespaces", found.namespace)


async def test_a_user_may_do_what_its_role_says(owner: Client, control_plane: Path, tmp_path: Path) -> None:
    kubeconfig = await kubeconfig_of(owner, "reader", control_plane, tmp_path)
    async with connected(kubeconfig, owner.namespace) as reader:
        with pytest.raises(ApiException) as caught:
            await reader.items("pods")
        who = f'User "system:serviceaccount:{owner.namespace}:reader" cannot list resource "pods"'
        assert (caught.value.status, who in refusal(caught.value)["message"]) == (403, True)
        await owner.create("roles", {"metadata": {"name": "reader"}, **READER})
        subject = {"kind": "ServiceAccount", "name": "reader", "namespace": owner.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
        await owner.create("rolebindings", {"metadata": {"name": "reader"}, "subjects": [subject], "roleRef": role})
        await until(lambda: _may(reader, "pods"), what="the role to be in force")
        assert not await _may(reader, "secrets")


async def test_every_token_is_another_one(owner: Client, control_plane: Path, tmp_path: Path) -> None:
    await kubeconfig_of(owner, "reader", control_plane, tmp_path)
    before = (tmp_path / "reader.token").read_text()
    assert await renew_token(owner, "reader", tmp_path) != before
    assert (tmp_path / "reader.token").read_text() != before


async def _may(user: Client, plural: str) -> bool:
    try:
        await user.items(plural)
    except ApiException as error:
        if error.status != 403:
            raise
        return False
    return True
