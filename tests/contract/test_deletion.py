"""Deletion leaves nothing behind, in the right order."""

from tests.contract.client import Client
from tests.contract.manifests import claim, config_map, deployment, mounting, pod_spec
from tests.contract.seeing import pods, until_ready
from tests.support.waiting import until


async def test_a_foreground_deletion_ends_when_the_last_dependent_is_gone(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    left = await cluster.delete("deployments", "web", propagationPolicy="Foreground")
    assert left["metadata"]["deletionTimestamp"]
    assert left["metadata"]["finalizers"] == ["foregroundDeletion"]
    await cluster.gone("deployments", "web")
    assert await pods(cluster, "web") == []
    assert await cluster.items("replicasets", labelSelector="app=web") == []


async def test_a_background_deletion_takes_the_dependents_along(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    await cluster.delete("deployments", "web", propagationPolicy="Background")
    await cluster.gone("deployments", "web")

    async def nothing_left() -> bool:
        return not await pods(cluster, "web") and not await cluster.items("replicasets")

    await until(nothing_left, 30.0)


async def test_orphans_are_left_and_disowned(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    await cluster.delete("deployments", "web", propagationPolicy="Orphan")
    await cluster.gone("deployments", "web")
    (left,) = await cluster.items("replicasets", labelSelector="app=web")
    assert not left["metadata"].get("ownerReferences")
    assert len(await pods(cluster, "web")) == 1


async def test_a_claim_in_use_goes_after_its_pod(cluster: Client) -> None:
    await cluster.apply("persistentvolumeclaims", claim("data"))
    await cluster.apply("deployments", deployment("web", mounting(pod_spec(), "data")))
    await until_ready(cluster, "web")
    left = await cluster.delete("persistentvolumeclaims", "data")
    assert left["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    await cluster.delete("deployments", "web", propagationPolicy="Foreground")
    still = await cluster.find("persistentvolumeclaims", "data")
    running = await pods(cluster, "web")
    assert still is not None or not running
    await cluster.gone("persistentvolumeclaims", "data")
    assert await pods(cluster, "web") == []


async def test_a_claim_nobody_uses_goes_at_once(cluster: Client) -> None:
    await cluster.apply("persistentvolumeclaims", claim("data"))
    await cluster.delete("persistentvolumeclaims", "data")
    await cluster.gone("persistentvolumeclaims", "data")


async def test_a_finalizer_holds_an_object(cluster: Client) -> None:
    held = config_map("a")
    held["metadata"]["finalizers"] = ["reprise.dev/test"]
    await cluster.create("configmaps", held)
    await cluster.delete("configmaps", "a")
    assert (await cluster.get("configmaps", "a"))["metadata"]["deletionTimestamp"]
    await cluster.patch("configmaps", "a", {"metadata": {"finalizers": None}})
    await cluster.gone("configmaps", "a")


async def test_what_an_owner_that_is_gone_owned_is_collected(cluster: Client) -> None:
    owner = await cluster.create("configmaps", config_map("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned = config_map("owned")
    owned["metadata"]["ownerReferences"] = [reference]
    await cluster.create("configmaps", owned)
    await cluster.delete("configmaps", "owner")
    await cluster.gone("configmaps", "owned")


async def test_a_collection_is_deleted_by_its_labels(cluster: Client) -> None:
    await cluster.create("configmaps", config_map("a", {"keep": "no"}))
    await cluster.create("configmaps", config_map("b", {"keep": "yes"}))
    await cluster.delete_all("configmaps", labelSelector="keep=no")
    await cluster.gone("configmaps", "a")
    assert await cluster.find("configmaps", "b") is not None


async def test_a_namespace_goes_with_all_that_is_in_it(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web"))
    await cluster.apply("configmaps", config_map("a"))
    inner = Client(cluster.api, f"{cluster.namespace}-inner")
    await inner.create("namespaces", {"metadata": {"name": inner.namespace}})
    await inner.apply("deployments", deployment("web"))
    await inner.delete("namespaces", inner.namespace)
    await inner.gone("namespaces", inner.namespace, 60.0)
    assert await inner.items("pods") == []
    assert await cluster.find("deployments", "web") is not None
