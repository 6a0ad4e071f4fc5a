"""Lists: by labels, by fields, in pages."""

import pytest
from kubernetes_asyncio.client import ApiException

from tests.contract.client import Client
from tests.contract.manifests import config_map, deployment
from tests.contract.seeing import until_ready
from tests.support.waiting import until


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("tier=web", {"a", "b"}),
        ("tier=web,env=test", {"b"}),
        ("tier!=web", {"c", "d"}),
        ("env", {"b", "c"}),
        ("!env", {"a", "d"}),
        ("env in (test, live)", {"b", "c"}),
        ("tier notin (web)", {"c", "d"}),
        ("tier in (web),env notin (test)", {"a"}),
    ],
)
async def test_labels_select(cluster: Client, selector: str, expected: set[str]) -> None:
    labels: dict[str, dict[str, str]] = {
        "a": {"tier": "web"},
        "b": {"tier": "web", "env": "test"},
        "c": {"tier": "database", "env": "live"},
        "d": {"own": "yes"},
    }
    for name, found in labels.items():
        await cluster.create("configmaps", config_map(name, found))
    items = await cluster.items("configmaps", labelSelector=selector, fieldSelector="metadata.name!=kube-root-ca.crt")
    assert {item["metadata"]["name"] for item in items} == expected


async def test_fields_select(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    (pod,) = await cluster.items("pods", fieldSelector="status.phase=Running")
    node = pod["spec"]["nodeName"]
    assert len(await cluster.items("pods", fieldSelector=f"spec.nodeName={node}")) == 1
    assert await cluster.items("pods", fieldSelector=f"spec.nodeName!={node}") == []
    assert len(await cluster.items("pods", fieldSelector=f"metadata.name={pod['metadata']['name']}")) == 1


async def test_events_are_found_by_what_they_are_about(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    (pod,) = await cluster.items("pods")

    async def scheduled() -> bool:
        selector = f"involvedObject.kind=Pod,involvedObject.uid={pod['metadata']['uid']}"
        return "Scheduled" in {event["reason"] for event in await cluster.items("events", fieldSelector=selector)}

    await until(scheduled)


async def test_a_list_comes_in_pages(cluster: Client) -> None:
    for index in range(5):
        await cluster.create("secrets", {"metadata": {"name": f"s{index}"}})
    first = await cluster.collection("secrets", limit=2)
    assert [item["metadata"]["name"] for item in first["items"]] == ["s0", "s1"]
    assert first["metadata"]["remainingItemCount"] == 3
    second = await cluster.collection("secrets", limit=3, **{"continue": first["metadata"]["continue"]})
    assert [item["metadata"]["name"] for item in second["items"]] == ["s2", "s3", "s4"]
    assert not second["metadata"].get("continue")


@pytest.mark.parametrize("query", [{"labelSelector": "a in"}, {"fieldSelector": "spec.nothing=1"}])
async def test_a_broken_selector_is_refused(cluster: Client, query: dict[str, str]) -> None:
    with pytest.raises(ApiException) as caught:
        await cluster.collection("configmaps", **query)
    assert caught.value.status == 400
