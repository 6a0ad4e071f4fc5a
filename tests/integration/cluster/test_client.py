"""The client against a cluster: its verbs, its preconditions, and its failures."""

import shutil
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest
import yaml

from cluster import client as client_module
from cluster.client import Cluster
from cluster.kinds import DEPLOYMENT, SECRET, Kind, Object
from schemas.codes import ErrorCode
from schemas.errors import BadSettings, ClusterDown, ClusterRefused
from schemas.settings import Settings
from tests.integration.cluster.doing import done
from tests.support.ports import free_port
from tests.support.waiting import until


def secret(name: str, value: str = "1", **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "stringData": {"value": value}}


async def applied(cluster: Cluster, *manifests: Object) -> list[Object]:
    return [await done(partial(cluster.apply, SECRET, wanted)) for wanted in manifests]


async def version_of(cluster: Cluster, kind: Kind, labels: str = "") -> str:
    """From which to watch on."""
    return [page.version async for page in cluster.pages(kind, labels)][-1]


async def test_a_missing_namespace_is_made_by_the_first_write(cluster: Cluster) -> None:
    with pytest.raises(ClusterDown, match="is being made"):
        await cluster.apply(SECRET, secret("a"))
    [made] = await applied(cluster, secret("a"))
    assert made["metadata"]["namespace"] == cluster.namespace


async def test_apply_creates_then_changes_and_then_leaves_alone(cluster: Cluster) -> None:
    [first] = await applied(cluster, secret("a", "1"))
    [changed] = await applied(cluster, secret("a", "2"))
    [same] = await applied(cluster, secret("a", "2"))
    assert first["metadata"]["uid"] == changed["metadata"]["uid"]
    assert first["data"] != changed["data"]
    assert changed["metadata"]["resourceVersion"] == same["metadata"]["resourceVersion"]


async def test_create_leaves_what_exists(cluster: Cluster) -> None:
    assert await done(lambda: cluster.create(SECRET, secret("a", "1"))) is not None
    assert await cluster.create(SECRET, secret("a", "2")) is None


async def test_get_answers_none_where_there_is_nothing(cluster: Cluster) -> None:
    assert await cluster.get(SECRET, "nothing") is None


async def test_lists_are_read_page_by_page(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    await applied(cluster, *(secret(f"s{n}", mine="yes") for n in range(5)), secret("other"))
    monkeypatch.setattr(client_module, "PAGE", 2)
    found = await cluster.select(SECRET, "mine=yes")
    assert sorted(each["metadata"]["name"] for each in found) == ["s0", "s1", "s2", "s3", "s4"]


async def test_a_patch_is_made_in_the_version_it_names_only(cluster: Cluster) -> None:
    [first] = await applied(cluster, secret("a"))
    await applied(cluster, secret("a", "2"))
    change = {"metadata": {"resourceVersion": first["metadata"]["resourceVersion"], "annotations": {"a": "b"}}}
    assert await cluster.patch(SECRET, "a", change) is None
    assert await cluster.patch(SECRET, "a", {"metadata": {"annotations": {"a": "b"}}}) is not None
    assert await cluster.patch(SECRET, "nothing", {"metadata": {"annotations": {"a": "b"}}}) is None


async def test_only_what_was_seen_is_deleted(cluster: Cluster) -> None:
    [first] = await applied(cluster, secret("a"))
    [second] = await applied(cluster, secret("a", "2"))
    another = {"metadata": {**first["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
    assert await cluster.delete(SECRET, another) is False
    assert await cluster.delete(SECRET, first, unchanged=True) is False
    assert await cluster.get(SECRET, "a") is not None
    assert await cluster.delete(SECRET, second, unchanged=True) is True
    await _gone(cluster, "a")
    assert await cluster.delete(SECRET, second) is False


async def _gone(cluster: Cluster, name: str) -> None:
    """Foreground deletion may take the collector a moment."""

    async def gone() -> bool:
        return await cluster.get(SECRET, name) is None

    await until(gone)


async def test_a_watch_tells_what_happened_since_the_list(cluster: Cluster) -> None:
    await applied(cluster, secret("before", mine="yes"))
    version = await version_of(cluster, SECRET, "mine=yes")
    [made] = await applied(cluster, secret("after", mine="yes"))
    await applied(cluster, secret("other"))
    await cluster.delete(SECRET, made)
    seen = []
    async with aclosing(cluster.watch(SECRET, version, "mine=yes")) as changes:
        async for change in changes:
            if change["type"] in ("ADDED", "DELETED"):
                seen.append((change["type"], change["object"]["metadata"]["name"]))
            if len(seen) == 2:
                break
    assert seen == [("ADDED", "after"), ("DELETED", "after")]


async def test_a_refusal_is_told_in_the_apis_words(cluster: Cluster) -> None:
    await applied(cluster, secret("a"))
    with pytest.raises(ClusterRefused, match="is invalid") as caught:
        await cluster.apply(DEPLOYMENT, {"metadata": {"name": "a"}, "spec": {"replicas": 1}})
    assert caught.value.code is ErrorCode.CLUSTER_REFUSED


async def test_a_cluster_that_is_not_there_is_down(tmp_path: Path, kubeconfig: Path) -> None:
    nowhere = _changed(kubeconfig, tmp_path, server=f"https://127.0.0.1:{free_port()}")
    async with Cluster(Settings(kubeconfig=nowhere)) as cluster:
        with pytest.raises(ClusterDown):
            await cluster.get(SECRET, "a")
        with pytest.raises(ClusterDown):
            async for _ in cluster.watch(SECRET, "0"):
                pass


async def test_a_token_that_was_replaced_is_read_again(tmp_path: Path, kubeconfig: Path) -> None:
    copy = _changed(kubeconfig, tmp_path, token="expired")
    async with Cluster(Settings(kubeconfig=copy)) as cluster:
        with pytest.raises(ClusterDown):
            await cluster.get(SECRET, "a")
        shutil.copy(kubeconfig, copy)
        assert await cluster.get(SECRET, "a") is None


@pytest.mark.parametrize("text", ["", "{}", "[", "apiVersion: v1\nkind: Config\ncurrent-context: none"])
async def test_a_kubeconfig_that_is_none_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(BadSettings, match="REPRISE_KUBECONFIG"):
        async with Cluster(Settings(kubeconfig=file)):
            pass


async def test_a_missing_kubeconfig_or_account_stops_the_start(tmp_path: Path) -> None:
    for settings in (Settings(kubeconfig=tmp_path / "none"), Settings(kubeconfig=None)):
        with pytest.raises(BadSettings, match="REPRISE_KUBECONFIG"):
            async with Cluster(settings):
                pass


def _changed(kubeconfig: Path, tmp_path: Path, *, server: str | None = None, token: str | None = None) -> Path:
    document = yaml.safe_load(kubeconfig.read_text())
    if server:
        document["clusters"][0]["cluster"]["server"] = server
    if token:
        document["users"][0]["user"]["token"] = token
    copy = tmp_path / "changed"
    copy.write_text(yaml.safe_dump(document))
    return copy
