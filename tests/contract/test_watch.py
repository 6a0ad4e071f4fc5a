"""A watch misses nothing: it begins where a list ended, tells how far it is, and can be taken up again."""

from typing import Any

import pytest
from kubernetes_asyncio.client import ApiException

from tests.contract.client import Client, Object, refusal
from tests.contract.manifests import config_map


async def _take(events: Any, count: int) -> list[Object]:
    taken: list[Object] = []
    async for event in events:
        taken.append(event)
        if len(taken) == count:
            break
    return taken


def _short(events: list[Object]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


async def test_a_watch_goes_on_where_the_list_ended(cluster: Client) -> None:
    await cluster.create("configmaps", config_map("before", key="1"))
    listed = await cluster.collection("configmaps")
    async with cluster.watch("configmaps", resourceVersion=listed["metadata"]["resourceVersion"]) as events:
        await cluster.create("configmaps", config_map("a", key="1"))
        await cluster.patch("configmaps", "a", {"data": {"key": "2"}})
        await cluster.delete("configmaps", "a")
        seen = await _take(events, 3)
    assert _short(seen) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))
    assert seen[1]["object"]["data"] == {"key": "2"}


async def test_a_watch_can_be_taken_up_after_its_last_event(cluster: Client) -> None:
    listed = await cluster.collection("configmaps")
    query = {"resourceVersion": listed["metadata"]["resourceVersion"], "labelSelector": "own"}
    async with cluster.watch("configmaps", **query) as events:
        await cluster.create("configmaps", config_map("a", {"own": "yes"}))
        (first,) = await _take(events, 1)
    await cluster.create("configmaps", config_map("b", {"own": "yes"}))
    query["resourceVersion"] = first["object"]["metadata"]["resourceVersion"]
    async with cluster.watch("configmaps", **query) as events:
        assert _short(await _take(events, 1)) == [("ADDED", "b")]


async def test_a_watch_without_a_version_begins_with_what_there_is(cluster: Client) -> None:
    await cluster.create("configmaps", config_map("a"))
    async with cluster.watch("configmaps", fieldSelector="metadata.name=a") as events:
        assert _short(await _take(events, 1)) == [("ADDED", "a")]


async def test_a_bookmark_comes_before_the_watch_ends(cluster: Client) -> None:
    listed = await cluster.collection("configmaps")
    query = {"resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": 4}
    await cluster.create("secrets", {"metadata": {"name": "of-another-kind"}})
    async with cluster.watch("configmaps", allowWatchBookmarks="true", **query) as events:
        seen = [event async for event in events]
    bookmarks = [event for event in seen if event["type"] == "BOOKMARK"]
    assert bookmarks
    version = int(bookmarks[-1]["object"]["metadata"]["resourceVersion"])
    assert version >= int(listed["metadata"]["resourceVersion"])
    assert bookmarks[-1]["object"]["kind"] == "ConfigMap"


async def test_a_watch_ends_when_its_time_is_over(cluster: Client) -> None:
    async with cluster.watch("secrets", timeoutSeconds=1) as events:
        assert [event async for event in events] == []


async def test_leaving_a_selection_looks_like_a_deletion(cluster: Client) -> None:
    await cluster.create("configmaps", config_map("a", {"on": "yes"}))
    listed = await cluster.collection("configmaps")
    version = listed["metadata"]["resourceVersion"]
    async with cluster.watch("configmaps", resourceVersion=version, labelSelector="on=yes") as events:
        await cluster.patch("configmaps", "a", {"metadata": {"labels": {"on": "no"}}})
        await cluster.patch("configmaps", "a", {"metadata": {"labels": {"on": "yes"}}})
        assert _short(await _take(events, 2)) == [("DELETED", "a"), ("ADDED", "a")]


async def test_a_history_that_is_gone_is_said_to_be_gone(cluster: Client) -> None:
    """Either all of it is told or that it cannot be told (410); never a part of it."""
    await cluster.create("configmaps", config_map("a", key="1"))
    await cluster.patch("configmaps", "a", {"data": {"key": "2"}})
    listed = await cluster.collection("configmaps")
    async with cluster.watch("configmaps", resourceVersion="1", timeoutSeconds=2) as events:
        seen = [event async for event in events]
    if seen[0]["type"] == "ERROR":
        assert (seen[0]["object"]["code"], seen[0]["object"]["reason"]) == (410, "Expired")
        assert len(seen) == 1
        return
    told = {event["object"]["metadata"]["name"]: event["object"] for event in seen if event["type"] != "DELETED"}
    assert {item["metadata"]["name"] for item in listed["items"]} <= told.keys()
    assert _short(seen).count(("ADDED", "a")) == _short(seen).count(("MODIFIED", "a")) == 1


async def test_a_version_that_is_none_is_refused(cluster: Client) -> None:
    with pytest.raises(ApiException) as caught:
        async with cluster.watch("configmaps", resourceVersion="yesterday"):
            pass
    assert "resourceVersion: Invalid value" in refusal(caught.value)["message"]
