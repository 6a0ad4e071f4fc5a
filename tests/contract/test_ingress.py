"""Ingress: kept, counted and changed like other objects, and refused in the API server's own words."""

from typing import Any

import pytest
from kubernetes_asyncio.client import ApiException

from tests.contract.client import Client, Object, refusal

BACKEND = {"service": {"name": "web", "port": {"name": "http"}}}


def ingress(host: str = "web.example.com", path: Object | None = None, **spec: Any) -> Object:
    paths = [{"path": "/", "pathType": "Prefix", "backend": BACKEND, **(path or {})}]
    return {"metadata": {"name": "web"}, "spec": {"rules": [{"host": host, "http": {"paths": paths}}], **spec}}


async def test_it_is_kept_as_it_was_given(cluster: Client) -> None:
    wanted = ingress(ingressClassName="nginx", tls=[{"hosts": ["web.example.com"], "secretName": "web-tls"}])
    created = await cluster.apply("ingresses", wanted)
    assert created["spec"] == wanted["spec"]
    assert created["status"] == {"loadBalancer": {}}
    assert created["metadata"]["generation"] == 1
    again = await cluster.apply("ingresses", wanted)
    assert again["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


async def test_a_host_that_changes_replaces_the_rule(cluster: Client) -> None:
    await cluster.apply("ingresses", ingress())
    changed = await cluster.apply("ingresses", ingress("shop.example.com"))
    assert [rule["host"] for rule in changed["spec"]["rules"]] == ["shop.example.com"]
    assert changed["metadata"]["generation"] == 2


async def test_what_a_manager_no_longer_names_is_gone(cluster: Client) -> None:
    await cluster.apply("ingresses", ingress(tls=[{"hosts": ["web.example.com"], "secretName": "web-tls"}]))
    assert "tls" not in (await cluster.apply("ingresses", ingress()))["spec"]


NO_NAME = "a lowercase RFC 1123 subdomain must consist of"


@pytest.mark.parametrize(
    ("wanted", "field", "message"),
    [
        ({"metadata": {"name": "web"}, "spec": {}}, "spec", "either `defaultBackend` or `rules` must be specified"),
        (ingress("Web.example.com"), "spec.rules[0].host", NO_NAME),
        (ingress(path={"path": "web"}), "spec.rules[0].http.paths[0].path", "must be an absolute path"),
        (ingress(path={"pathType": None}), "spec.rules[0].http.paths[0].pathType", "pathType must be specified"),
        (ingress(path={"pathType": "Exactly"}), "spec.rules[0].http.paths[0].pathType", '"ImplementationSpecific"'),
        (ingress(path={"backend": {}}), "spec.rules[0].http.paths[0].backend", "service backend is required"),
        (
            ingress(path={"backend": {"service": {"name": "web"}}}),
            "spec.rules[0].http.paths[0].backend",
            "port name or number is required",
        ),
        (
            ingress(path={"backend": {"service": {"name": "web", "port": {"name": "http", "number": 80}}}}),
            "spec.rules[0].http.paths[0].backend",
            "cannot set both port name & port number",
        ),
        (ingress(ingressClassName="N G"), "spec.ingressClassName", NO_NAME),
        (ingress(tls=[{"hosts": ["A"]}]), "spec.tls[0].hosts[0]", NO_NAME),
        (ingress(tls=[{"hosts": ["a.b"], "secretName": "x y"}]), "spec.tls[0].secretName", NO_NAME),
        (
            {"metadata": {"name": "web"}, "spec": {"rules": [{"http": {"paths": []}}]}},
            "spec.rules[0].http.paths",
            "Required value",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    cluster: Client, wanted: Object, field: str, message: str
) -> None:
    with pytest.raises(ApiException) as caught:
        await cluster.create("ingresses", wanted)
    assert caught.value.status == 422
    [cause] = refusal(caught.value)["details"]["causes"]
    assert cause["field"] == field
    assert message in cause["message"]


@pytest.mark.parametrize(
    "wanted",
    [
        ingress("*.example.com"),
        ingress(path={"backend": {"service": {"name": "web", "port": {"number": 80}}}}),
        {"metadata": {"name": "web"}, "spec": {"defaultBackend": BACKEND}},
        {"metadata": {"name": "web"}, "spec": {"rules": [{"host": "web.example.com"}]}},
    ],
)
async def test_what_can_be_is_taken(cluster: Client, wanted: Object) -> None:
    assert (await cluster.create("ingresses", wanted))["spec"] == wanted["spec"]
