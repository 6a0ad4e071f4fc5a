"""What proves who we are is replaced while Reprise runs: tokens expire, files are rewritten, clusters begin anew."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import yaml

from cluster import access
from cluster.client import Cluster
from cluster.kinds import SECRET, SERVICE
from schemas.errors import ClusterDown
from schemas.settings import Settings
from tests.integration.cluster.test_client import applied, secret, version_of
from tests.support.ports import free_port

Config = dict[str, Any]


@pytest.fixture
def configuration(kubeconfig: Path) -> Config:
    """What stands in the kubeconfig, its certificate named by its whole path."""
    document: Config = yaml.safe_load(kubeconfig.read_text())
    cluster = document["clusters"][0]["cluster"]
    if "certificate-authority" in cluster:
        cluster["certificate-authority"] = str(kubeconfig.parent / cluster["certificate-authority"])
    return document


@pytest.fixture
def token(configuration: Config) -> str:
    """The one that the cluster knows."""
    return str(_user(configuration)["token"])


@pytest_asyncio.fixture
async def by_file(configuration: Config, tmp_path: Path, token: str, cluster: Cluster) -> AsyncIterator[Cluster]:
    """A client whose token stands in the file `token` beside its kubeconfig."""
    (tmp_path / "token").write_text(f"{token}\n")
    del _user(configuration)["token"]
    _user(configuration)["tokenFile"] = "token"
    settings = Settings(kubeconfig=_written(tmp_path, configuration), namespace=cluster.namespace, installation="test")
    async with Cluster(settings) as found:
        yield found


def _user(configuration: Config) -> Config:
    user: Config = configuration["users"][0]["user"]
    return user


def _written(directory: Path, configuration: Config) -> Path:
    """A kubeconfig, put in place of the last one at a stroke."""
    draft, path = directory / "draft", directory / "kubeconfig"
    draft.write_text(yaml.safe_dump(configuration))
    return draft.replace(path)


async def test_a_token_file_that_is_rotated_fails_no_request(by_file: Cluster, tmp_path: Path, token: str) -> None:
    file = tmp_path / "token"
    file.write_text("expired")
    with pytest.raises(ClusterDown):
        await by_file.get(SERVICE, "a")
    for number in range(3):
        file.write_text("expired" + "\n" * number)
        file.write_text(token + "\n" * number)
        assert await by_file.get(SERVICE, "a") is None


async def test_a_watch_goes_on_while_the_token_is_rotated(by_file: Cluster, tmp_path: Path, token: str) -> None:
    await applied(by_file, secret("before"))
    version = await version_of(by_file, SECRET)
    async with aclosing(by_file.watch(SECRET, version)) as changes:
        first = asyncio.ensure_future(anext(changes))
        await applied(by_file, secret("a"))
        assert (await first)["object"]["metadata"]["name"] == "a"
        (tmp_path / "token").write_text(token)
        await applied(by_file, secret("b"))
        assert (await anext(changes))["object"]["metadata"]["name"] == "b"


async def test_a_kubeconfig_of_another_address_is_followed(
    configuration: Config, tmp_path: Path, cluster: Cluster
) -> None:
    there = configuration["clusters"][0]["cluster"]
    address, there["server"] = there["server"], f"https://127.0.0.1:{free_port()}"
    async with Cluster(Settings(kubeconfig=_written(tmp_path, configuration))) as found:
        with pytest.raises(ClusterDown):
            await found.get(SERVICE, "a")
        there["server"] = address
        _written(tmp_path, configuration)
        assert await found.get(SERVICE, "a") is None


@pytest.mark.parametrize("text", ["", "apiVersion: v1\nkind: Con", None])
async def test_a_kubeconfig_that_is_half_written_changes_nothing(
    configuration: Config, tmp_path: Path, text: str | None
) -> None:
    path = _written(tmp_path, configuration)
    async with Cluster(Settings(kubeconfig=path)) as found:
        path.unlink()
        if text is not None:
            path.write_text(text)
        assert await found.get(SERVICE, "a") is None


async def test_the_pods_own_account_is_read_again_when_it_is_rotated(
    configuration: Config, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = urlsplit(configuration["clusters"][0]["cluster"]["server"])
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(at.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(at.port))
    monkeypatch.setattr(access, "ACCOUNT", tmp_path)
    authority = tmp_path / "ca.crt"
    authority.write_bytes(_authority(configuration))
    _rotate(tmp_path, "expired")
    async with Cluster(Settings(kubeconfig=None)) as found:
        with pytest.raises(ClusterDown):
            await found.get(SERVICE, "a")
        _rotate(tmp_path, token)
        assert await found.get(SERVICE, "a") is None


def _rotate(account: Path, token: str) -> None:
    """As the kubelet does: the name is a link, and the link is replaced."""
    data = account / f"data-{token[:8]}"
    data.write_text(token)
    link = account / "link"
    link.symlink_to(data)
    link.replace(account / "token")


def _authority(configuration: Config) -> bytes:
    cluster = configuration["clusters"][0]["cluster"]
    if "certificate-authority" in cluster:
        return Path(cluster["certificate-authority"]).read_bytes()
    return base64.b64decode(cluster["certificate-authority-data"])


@pytest.mark.parametrize(("lifetime", "times"), [(None, 1), (3600, 1), (1, 4)], ids=["unsaid", "long", "over"])
async def test_a_plugin_is_asked_again_when_its_token_is_over_and_not_before(
    configuration: Config, tmp_path: Path, token: str, lifetime: int | None, times: int
) -> None:
    status = {"token": token}
    if lifetime is not None:
        status["expirationTimestamp"] = f"{datetime.now(UTC) + timedelta(seconds=lifetime):%Y-%m-%dT%H:%M:%SZ}"
    asked = tmp_path / "asked"
    _use_plugin(configuration, tmp_path, status, f"print(file=open({str(asked)!r}, 'a'))")
    async with Cluster(Settings(kubeconfig=_written(tmp_path, configuration))) as found:
        for _ in range(3):
            assert await found.get(SERVICE, "a") is None
    assert len(asked.read_text().splitlines()) == times


async def test_a_plugin_whose_token_is_not_taken_any_more_is_asked_for_another(
    configuration: Config, tmp_path: Path, token: str
) -> None:
    _use_plugin(configuration, tmp_path, {"token": "revoked"})
    async with Cluster(Settings(kubeconfig=_written(tmp_path, configuration))) as found:
        with pytest.raises(ClusterDown):
            await found.get(SERVICE, "a")
        _use_plugin(configuration, tmp_path, {"token": token})
        assert await found.get(SERVICE, "a") is None


def _use_plugin(configuration: Config, directory: Path, status: dict[str, str], also: str = "") -> None:
    """The user's token comes of a program; what that answers can be changed."""
    version, answer = "client.authentication.k8s.io/v1", directory / "answer"
    answer.write_text(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))
    script = f"print(open({str(answer)!r}).read()); {also}"
    plugin = {"apiVersion": version, "command": sys.executable, "args": ["-c", script]}
    configuration["users"][0]["user"] = {"exec": plugin}
