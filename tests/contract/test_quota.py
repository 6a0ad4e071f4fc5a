"""A quota that is used up keeps pods from being made, and says so where the watcher looks."""

from tests.contract.client import Client, Object
from tests.contract.manifests import claim, deployment, pod_spec
from tests.contract.seeing import condition, pods, until_ready, until_seen
from tests.support.waiting import until


async def _limit(cluster: Client, scopes: tuple[str, ...] = (), **hard: str) -> None:
    spec = {"hard": hard, **({"scopes": list(scopes)} if scopes else {})}
    await cluster.create("resourcequotas", {"metadata": {"name": "limits"}, "spec": spec})

    async def counted() -> bool:
        return "used" in (await cluster.get("resourcequotas", "limits")).get("status", {})

    await until(counted, 20.0)


async def _failure(cluster: Client, plural: str, **query: str) -> Object:
    async def told() -> Object | None:
        items = await cluster.items(plural, **query)
        found = condition(items[0], "ReplicaFailure") if items else {}
        return found if found.get("status") == "True" else None

    return await until_seen(told, 20.0)


async def test_the_replica_set_says_what_the_quota_forbids(cluster: Client) -> None:
    await _limit(cluster, **{"requests.cpu": "100m"})
    await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": "200m"})))
    found = await _failure(cluster, "replicasets", labelSelector="app=web")
    assert found["reason"] == "FailedCreate"
    expected = "exceeded quota: limits, requested: requests.cpu=200m, used: requests.cpu=0, limited: requests.cpu=100m"
    assert found["message"].endswith(f"is forbidden: {expected}")
    assert await pods(cluster, "web") == []
    on_deployment = await _failure(cluster, "deployments")
    assert on_deployment["message"] == found["message"]


async def test_a_raised_quota_lets_the_pod_through(cluster: Client) -> None:
    await _limit(cluster, pods="0")
    await cluster.apply("deployments", deployment("web"))
    await _failure(cluster, "replicasets", labelSelector="app=web")
    await cluster.patch("resourcequotas", "limits", {"spec": {"hard": {"pods": "2"}}})
    found = await until_ready(cluster, "web")
    assert condition(found, "ReplicaFailure") == {}


async def test_the_deployment_says_that_its_replica_set_is_forbidden(cluster: Client) -> None:
    await _limit(cluster, **{"count/replicasets.apps": "0"})
    await cluster.apply("deployments", deployment("web"))

    async def told() -> Object | None:
        found = condition((await cluster.get("deployments", "web")), "Progressing")
        return found if found.get("status") == "False" else None

    found = await until_seen(told, 20.0)
    assert found["reason"] == "ReplicaSetCreateError"
    assert found["message"].startswith('Failed to create new replica set "web-')
    assert found["message"].endswith(
        "is forbidden: exceeded quota: limits, requested: count/replicasets.apps=1, used: count/replicasets.apps=0, "
        "limited: count/replicasets.apps=0"
    )


async def test_a_quota_with_a_scope_is_about_the_pods_in_it(cluster: Client) -> None:
    await _limit(cluster, ("BestEffort",), pods="0")
    await cluster.apply("deployments", deployment("web"))
    await until_ready(cluster, "web")
    await cluster.apply("deployments", deployment("idle", pod_spec(requests={})))
    found = await _failure(cluster, "replicasets", labelSelector="app=idle")
    assert "exceeded quota: limits, requested: pods=1, used: pods=0, limited: pods=0" in found["message"]


async def test_what_names_no_amount_is_refused_where_amounts_are_limited(cluster: Client) -> None:
    await _limit(cluster, **{"requests.memory": "1Gi"})
    await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": "10m"})))
    found = await _failure(cluster, "replicasets", labelSelector="app=web")
    assert "failed quota: limits: must specify requests.memory for: odoo" in found["message"]


async def test_storage_is_limited_when_the_claim_is_made(cluster: Client) -> None:
    await _limit(cluster, **{"requests.storage": "512Mi"})
    refused = ""
    try:
        await cluster.apply("persistentvolumeclaims", claim("data"))
    except Exception as error:
        refused = str(error)
    assert "exceeded quota: limits, requested: requests.storage=1Gi" in refused
