"""The Ingress of an instance: its host, where the paths lead, its certificate; and when it is missed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cluster.hosts import Exposure
from cluster.ingress import ingress
from cluster.kinds import Object
from cluster.manifests import deployment as deployment_manifest
from cluster.manifests import service
from cluster.names import ATTEMPT, INSTANCE, NEEDS, attempt_name
from cluster.observe import Phase, observe, observe_running
from cluster.profiles import Profile
from cluster.sight import Sight
from tests.unit.cluster.objects import INSTANCE_ID, NOW, ago, deployment, instance, meta, pod

HOSTS = "{name}.{customer}.example.com"
ONE = instance()


def made(**exposure: Any) -> Object:
    return ingress("reprise", ONE, Exposure(hosts=exposure.pop("hosts", HOSTS), **exposure))


def test_each_instance_has_a_host_of_its_own() -> None:
    assert [rule["host"] for rule in made()["spec"]["rules"]] == ["acme.customer.example.com"]
    [rule] = made(hosts="{id}.odoo.example.com")["spec"]["rules"]
    assert rule["host"] == f"{INSTANCE_ID.hex[:12]}.odoo.example.com"


def test_the_websocket_and_the_pages_lead_to_ports_that_the_service_has() -> None:
    paths = made()["spec"]["rules"][0]["http"]["paths"]
    found = {path["path"]: path["backend"]["service"] for path in paths}
    assert found == {
        "/websocket": {"name": attempt_name(ONE), "port": {"name": "websocket"}},
        "/": {"name": attempt_name(ONE), "port": {"name": "http"}},
    }
    ports = {port["name"]: port["port"] for port in service("reprise", ONE, Profile())["spec"]["ports"]}
    assert ports == {"http": 8069, "websocket": 8072}


def test_without_an_issuer_there_is_no_certificate() -> None:
    found = made(class_name="nginx", annotations={"example.com/size": "128m"})
    assert "tls" not in found["spec"]
    assert found["spec"]["ingressClassName"] == "nginx"
    assert found["metadata"]["annotations"] == {"example.com/size": "128m"}
    assert "ingressClassName" not in made()["spec"]


def test_the_certificate_outlives_attempts_and_is_found_when_the_instance_is_deleted() -> None:
    first = made(issuer="letsencrypt")
    second = ingress("reprise", replace(ONE, attempt=2), Exposure(hosts=HOSTS, issuer="letsencrypt"))
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert first["spec"]["tls"] == second["spec"]["tls"]
    annotations = first["metadata"]["annotations"]
    assert annotations["cert-manager.io/cluster-issuer"] == "letsencrypt"
    labels = json.loads(annotations["cert-manager.io/secret-template"])["labels"]
    assert labels[INSTANCE] == str(INSTANCE_ID)
    assert ATTEMPT not in labels


def test_the_deployment_says_what_it_needs_beside_it() -> None:
    exposed = Profile(ingress=Exposure(hosts=HOSTS))
    for profile, needs in ((Profile(), "Secret,Service"), (exposed, "Secret,Service,Ingress")):
        found = deployment_manifest("reprise", ONE, profile, "fingerprint")
        assert found["metadata"]["annotations"][NEEDS] == needs
        assert NEEDS not in found["spec"]["template"]["metadata"]["annotations"]


def exposed(**values: Any) -> Sight:
    """Ready, with all that it needs but what `values` say otherwise."""
    found = deployment(ready=1)
    found["metadata"]["annotations"][NEEDS] = "Secret,Service,Ingress"
    whole: dict[str, Any] = {kind: {"metadata": meta()} for kind in ("secret", "service", "ingress", "claim")}
    return Sight(found, pods=(pod(),), **{**whole, **values})


@pytest.mark.parametrize("gone", [None, {"metadata": meta(deletionTimestamp=ago(1))}], ids=["absent", "terminating"])
@pytest.mark.parametrize("kind", ["secret", "service", "ingress"])
def test_what_ran_is_lost_without_what_it_needs_and_ready_only_with_it(kind: str, gone: Object | None) -> None:
    sight = exposed(**{kind: gone})
    lost = observe_running(sight, NOW, 30)
    assert (lost.phase, lost.cause) == (Phase.LOST, f"{kind.capitalize()} gone from beside the Deployment.")
    assert observe(sight, 3, NOW, 30).phase is Phase.SCHEDULED
    assert not sight.complete


def test_with_all_of_it_it_is_ready() -> None:
    assert observe_running(exposed(), NOW, 30).phase is Phase.READY
    assert observe(exposed(), 3, NOW, 30).phase is Phase.READY
    assert exposed().complete


def test_a_deployment_that_says_nothing_needs_nothing() -> None:
    assert Sight(deployment(ready=1)).missing == []
    assert Sight().missing == []
