"""Two writers at once: who read an older state loses, and a name taken by another object is not it."""

import pytest
from kubernetes_asyncio.client import ApiException

from tests.contract.client import Client, refusal
from tests.contract.manifests import config_map


async def test_a_stale_replace_is_refused(cluster: Client) -> None:
    seen = await cluster.create("configmaps", config_map("a", key="1"))
    await cluster.patch("configmaps", "a", {"data": {"key": "2"}})
    with pytest.raises(ApiException) as caught:
        await cluster.replace("configmaps", {**seen, "data": {"key": "3"}})
    assert (caught.value.status, refusal(caught.value)["reason"]) == (409, "Conflict")
    assert "the object has been modified" in refusal(caught.value)["message"]
    assert (await cluster.get("configmaps", "a"))["data"] == {"key": "2"}


async def test_a_patch_with_a_stale_version_is_refused(cluster: Client) -> None:
    seen = await cluster.create("configmaps", config_map("a", key="1"))
    await cluster.patch("configmaps", "a", {"data": {"key": "2"}})
    stale = {"metadata": {"resourceVersion": seen["metadata"]["resourceVersion"]}, "data": {"key": "3"}}
    with pytest.raises(ApiException) as caught:
        await cluster.patch("configmaps", "a", stale)
    assert caught.value.status == 409


async def test_a_replace_with_the_present_version_wins(cluster: Client) -> None:
    seen = await cluster.create("configmaps", config_map("a", key="1"))
    replaced = await cluster.replace("configmaps", {**seen, "data": {"key": "2"}})
    assert replaced["data"] == {"key": "2"}
    assert int(replaced["metadata"]["resourceVersion"]) > int(seen["metadata"]["resourceVersion"])


async def test_a_name_can_be_taken_once(cluster: Client) -> None:
    await cluster.create("configmaps", config_map("a"))
    with pytest.raises(ApiException) as caught:
        await cluster.create("configmaps", config_map("a"))
    found = refusal(caught.value)
    assert (found["code"], found["reason"]) == (409, "AlreadyExists")
    assert found["message"] == 'configmaps "a" already exists'


@pytest.mark.parametrize("precondition", [{"uid": "00000000-0000-0000-0000-000000000000"}, {"resourceVersion": "1"}])
async def test_a_delete_spares_another_object_of_that_name(cluster: Client, precondition: dict[str, str]) -> None:
    await cluster.create("configmaps", config_map("a"))
    with pytest.raises(ApiException) as caught:
        await cluster.delete("configmaps", "a", preconditions=precondition)
    assert (caught.value.status, refusal(caught.value)["reason"]) == (409, "Conflict")
    assert await cluster.find("configmaps", "a") is not None


async def test_a_delete_with_the_right_uid_goes_through(cluster: Client) -> None:
    seen = await cluster.create("configmaps", config_map("a"))
    done = await cluster.delete("configmaps", "a", preconditions={"uid": seen["metadata"]["uid"]})
    assert (done["kind"], done["status"], done["details"]["uid"]) == ("Status", "Success", seen["metadata"]["uid"])
    assert await cluster.find("configmaps", "a") is None


async def test_a_name_used_again_is_another_object(cluster: Client) -> None:
    first = await cluster.create("configmaps", config_map("a"))
    await cluster.delete("configmaps", "a")
    second = await cluster.create("configmaps", config_map("a"))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
