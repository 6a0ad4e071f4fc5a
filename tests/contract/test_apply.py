"""Server-side apply: create, repeat, change, give up, and what others own."""

import pytest
from kubernetes_asyncio.client import ApiException

from tests.contract.client import MERGE, Client, refusal
from tests.contract.manifests import config_map, deployment, pod_spec


def _owners(obj: dict[str, object]) -> dict[str, str]:
    metadata = obj["metadata"]
    assert isinstance(metadata, dict)
    return {entry["manager"]: entry["operation"] for entry in metadata["managedFields"]}


async def test_apply_creates_what_is_not_there(cluster: Client) -> None:
    created = await cluster.apply("configmaps", config_map("a", key="1"))
    assert created["data"] == {"key": "1"}
    assert _owners(created) == {"reprise": "Apply"}


async def test_applying_the_same_again_changes_nothing(cluster: Client) -> None:
    first = await cluster.apply("deployments", deployment("web", replicas=0))
    again = await cluster.apply("deployments", deployment("web", replicas=0))
    assert again["metadata"]["generation"] == first["metadata"]["generation"] == 1
    assert again["spec"] == first["spec"]
    unchanged = await cluster.apply("configmaps", config_map("a", key="1"))
    assert (await cluster.apply("configmaps", config_map("a", key="1")))["metadata"]["resourceVersion"] == unchanged[
        "metadata"
    ]["resourceVersion"]


async def test_apply_changes_what_differs_and_counts_it(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", replicas=0))
    changed = await cluster.apply("deployments", deployment("web", pod_spec("odoo:19"), replicas=0))
    assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "odoo:19"
    assert changed["metadata"]["generation"] == 2


async def test_a_changed_image_keeps_what_the_server_filled_in(cluster: Client) -> None:
    first = await cluster.apply("deployments", deployment("web", replicas=0))
    changed = await cluster.apply("deployments", deployment("web", pod_spec("odoo:19"), replicas=0))
    before, after = (obj["spec"]["template"]["spec"]["containers"][0] for obj in (first, changed))
    assert {**before, "image": ""} == {**after, "image": ""}


async def test_what_a_manager_no_longer_applies_is_removed(cluster: Client) -> None:
    await cluster.apply("configmaps", config_map("a", key="1", other="2"))
    assert (await cluster.apply("configmaps", config_map("a", key="1")))["data"] == {"key": "1"}


async def test_what_another_applied_too_stays(cluster: Client) -> None:
    await cluster.apply("configmaps", config_map("a", key="1", other="2"))
    await cluster.apply("configmaps", config_map("a", other="2"), manager="somebody")
    assert (await cluster.apply("configmaps", config_map("a", key="1")))["data"] == {"key": "1", "other": "2"}


async def test_taking_a_field_of_another_applier_is_a_conflict(cluster: Client) -> None:
    await cluster.apply("configmaps", config_map("a", key="1"))
    with pytest.raises(ApiException) as caught:
        await cluster.apply("configmaps", config_map("a", key="2"), manager="somebody")
    found = refusal(caught.value)
    assert (caught.value.status, found["reason"]) == (409, "Conflict")
    assert found["message"] == 'Apply failed with 1 conflict: conflict with "reprise": .data.key'
    assert found["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "reprise"', "field": ".data.key"}
    ]


async def test_force_takes_the_field_over(cluster: Client) -> None:
    await cluster.apply("configmaps", config_map("a", key="1"))
    taken = await cluster.apply("configmaps", config_map("a", key="2"), manager="somebody", force="true")
    assert taken["data"] == {"key": "2"}
    assert _owners(taken) == {"somebody": "Apply"}


async def test_what_a_person_edited_is_a_conflict_too(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", replicas=0))
    await cluster.patch("deployments", "web", {"spec": {"replicas": 1}}, kind=MERGE, fieldManager="kubectl-scale")
    with pytest.raises(ApiException) as caught:
        await cluster.apply("deployments", deployment("web", replicas=0))
    assert '"kubectl-scale" using apps/v1' in refusal(caught.value)["message"]
    assert refusal(caught.value)["details"]["causes"][0]["field"] == ".spec.replicas"


async def test_apply_without_a_manager_is_refused(cluster: Client) -> None:
    with pytest.raises(ApiException) as caught:
        await cluster.apply("configmaps", config_map("a"), manager="")
    assert caught.value.status == 422
    assert refusal(caught.value)["details"]["causes"][0]["field"] == "fieldManager"


async def test_a_dry_run_answers_and_keeps_nothing(cluster: Client) -> None:
    shown = await cluster.apply("deployments", deployment("web"), dryRun="All")
    assert shown["spec"]["progressDeadlineSeconds"] == 600
    assert await cluster.find("deployments", "web") is None
