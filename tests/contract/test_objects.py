"""What goes in comes out, and what is plainly wrong is refused with the field at fault."""

import base64
from typing import Any

import pytest
from kubernetes_asyncio import client
from kubernetes_asyncio.client import ApiClient, ApiException

from tests.contract.client import STRATEGIC, Client, Object, refusal
from tests.contract.manifests import claim, deployment, pod_spec, stateful_set


async def test_a_secret_comes_back_as_it_was(cluster: Client) -> None:
    words = {"password": "pä$$ \n", "empty": ""}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in words.items()}
    await cluster.apply("secrets", {"metadata": {"name": "s"}, "type": "Opaque", "data": encoded})
    found = await cluster.get("secrets", "s")
    assert {key: base64.b64decode(value).decode() for key, value in found["data"].items()} == words


async def test_plain_text_in_a_secret_is_encoded(cluster: Client) -> None:
    await cluster.create("secrets", {"metadata": {"name": "s"}, "stringData": {"key": "value"}})
    found = await cluster.get("secrets", "s")
    assert found["data"] == {"key": base64.b64encode(b"value").decode()}
    assert "stringData" not in found


async def test_a_service_gets_an_address(cluster: Client) -> None:
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 8069}]}}
    created = await cluster.apply("services", service)
    assert created["spec"]["clusterIP"].count(".") == 3
    assert created["spec"]["ports"] == [{"port": 8069, "protocol": "TCP", "targetPort": 8069}]
    again = await cluster.apply("services", service)
    assert again["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


async def test_the_librarys_own_models_understand_the_answers(cluster: Client, api: ApiClient) -> None:
    await cluster.apply("deployments", deployment("web"))
    await cluster.apply("statefulsets", stateful_set("db"))
    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
    assert (await apps.read_namespaced_deployment("web", cluster.namespace)).spec.replicas == 1
    assert (await apps.list_namespaced_stateful_set(cluster.namespace)).items[0].metadata.name == "db"
    assert (await core.list_node()).items[0].status.allocatable["cpu"]
    assert (await core.list_namespaced_pod(cluster.namespace)).metadata.resource_version
    assert (await client.VersionApi(api).get_code()).major == "1"


async def test_a_strategic_patch_knows_containers_by_name(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", replicas=0))
    change = {"spec": {"template": {"spec": {"containers": [{"name": "odoo", "image": "odoo:19"}]}}}}
    patched = await cluster.patch("deployments", "web", change, kind=STRATEGIC)
    (container,) = patched["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "odoo:19"
    assert container["resources"]["requests"]["cpu"] == "10m"


async def test_a_json_patch_is_understood(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", replicas=0))
    change = [{"op": "replace", "path": "/spec/replicas", "value": 1}]
    patched = await cluster.patch("deployments", "web", change, kind="application/json-patch+json")
    assert patched["spec"]["replicas"] == 1


async def test_quantities_are_written_in_one_way(cluster: Client) -> None:
    spec = pod_spec(requests={"cpu": "0.5", "memory": "1024Mi"})
    created = await cluster.apply("deployments", deployment("web", spec, replicas=0))
    (container,) = created["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}


def _without_containers() -> Object:
    return deployment("web", {"containers": []})


def _selecting_nothing() -> Object:
    found = deployment("web")
    found["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    return found


def _named(name: str) -> Object:
    found = deployment("web")
    found["metadata"]["name"] = name
    return found


def _mounting_nothing() -> Object:
    spec = pod_spec()
    spec["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return deployment("web", spec)


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (_without_containers(), "spec.template.spec.containers"),
        (_selecting_nothing(), "spec.template.metadata.labels"),
        (_named("Not_A_Name"), "metadata.name"),
        (_mounting_nothing(), "spec.template.spec.containers[0].volumeMounts[0].name"),
        (
            deployment("web", pod_spec(requests={"cpu": "-1"})),
            "spec.template.spec.containers[0].resources.requests[cpu]",
        ),
    ],
    ids=["no containers", "selector", "name", "volume", "negative"],
)
async def test_an_invalid_object_is_refused_by_field(cluster: Client, manifest: Object, field: str) -> None:
    with pytest.raises(ApiException) as caught:
        await cluster.create("deployments", manifest)
    found = refusal(caught.value)
    assert (found["code"], found["reason"], found["details"]["kind"]) == (422, "Invalid", "Deployment")
    assert field in {cause["field"] for cause in found["details"]["causes"]}
    assert await cluster.items("deployments") == []


@pytest.mark.parametrize(
    ("plural", "manifest"),
    [
        ("deployments", deployment("web", pod_spec(requests={"cpu": "lots"}))),
        ("persistentvolumeclaims", claim("data", resources={"requests": {"storage": "much"}})),
        ("secrets", {"metadata": {"name": "s"}, "data": {"key": "%%%"}}),
        ("deployments", {"metadata": {"name": 3}}),
        ("deployments", {"metadata": {"name": "web"}, "spec": {"replicas": "one"}}),
    ],
    ids=["cpu", "storage", "base64", "name", "replicas"],
)
async def test_what_cannot_be_read_is_a_bad_request(cluster: Client, plural: str, manifest: dict[str, Any]) -> None:
    with pytest.raises(ApiException) as caught:
        await cluster.create(plural, manifest)
    assert (caught.value.status, refusal(caught.value)["reason"]) == (400, "BadRequest")


async def test_a_selector_may_never_change(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", replicas=0))
    changed = deployment("web", replicas=0)
    changed["spec"]["selector"] = {"matchLabels": {"app": "web", "more": "yes"}}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "web", "more": "yes"}
    with pytest.raises(ApiException) as caught:
        await cluster.apply("deployments", changed)
    assert caught.value.status == 422
    assert refusal(caught.value)["details"]["causes"][0]["field"] == "spec.selector"


async def test_what_is_not_there_is_not_found(cluster: Client) -> None:
    with pytest.raises(ApiException) as caught:
        await cluster.get("deployments", "web")
    found = refusal(caught.value)
    assert (found["code"], found["reason"]) == (404, "NotFound")
    assert found["message"] == 'deployments.apps "web" not found'
    assert found["details"] == {"name": "web", "group": "apps", "kind": "deployments"}


async def test_without_its_namespace_nothing_is_made(cluster: Client) -> None:
    elsewhere = Client(cluster.api, "no-such-namespace")
    with pytest.raises(ApiException) as caught:
        await elsewhere.apply("deployments", deployment("web"))
    assert refusal(caught.value)["message"] == 'namespaces "no-such-namespace" not found'


async def test_a_wrong_token_is_turned_away(cluster: Client) -> None:
    configuration = client.Configuration(host=cluster.api.configuration.host, api_key={"BearerToken": "Bearer wrong"})
    configuration.ssl_ca_cert = cluster.api.configuration.ssl_ca_cert
    configuration.verify_ssl = cluster.api.configuration.verify_ssl
    async with ApiClient(configuration) as stranger:
        with pytest.raises(ApiException) as caught:
            await Client(stranger, cluster.namespace).collection("pods")
    assert (caught.value.status, refusal(caught.value)["reason"]) == (401, "Unauthorized")
