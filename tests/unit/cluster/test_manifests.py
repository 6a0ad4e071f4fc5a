"""The manifests: what Odoo and the `restricted` standard need, and no secret outside the Secret."""

import configparser
from uuid import UUID

import pytest

from cluster import manifests, server_manifests
from cluster.configuration import odoo_conf
from cluster.credentials import Credentials
from cluster.kinds import Object
from cluster.profiles import DatabaseServer, Profile
from schemas.quantities import amount
from tests.unit.cluster.objects import instance

CREDENTIALS = Credentials("db.example", 5433, "odoo_acme", "odoo_acme", "p%ss=w#rd")
ONE = instance(request={"cpu": "2", "memory": "1Gi", "volume": "20Gi"})


def odoo_pod(profile: Profile | None = None) -> Object:
    found = manifests.deployment("reprise", ONE, profile or Profile(), "fingerprint")
    spec: Object = found["spec"]["template"]["spec"]
    return spec


def server_pod() -> Object:
    meta = server_manifests.meta("reprise", UUID(int=7), "customer", "acme")
    found = server_manifests.stateful_set(meta, DatabaseServer(), "odoo", "odoo")
    spec: Object = found["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("pod", [odoo_pod(), server_pod()], ids=["odoo", "database server"])
def test_pods_pass_the_restricted_standard(pod: Object) -> None:
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["fsGroup"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False


def test_the_deployment_never_has_two_pods_at_the_volume() -> None:
    found = manifests.deployment("reprise", ONE, Profile(), "fingerprint")
    assert found["spec"]["strategy"] == {"type": "Recreate"}
    assert found["spec"]["replicas"] == 1


def test_the_step_is_annotated_where_it_restarts_nothing() -> None:
    found = manifests.deployment("reprise", ONE, Profile(), "fingerprint")
    assert found["metadata"]["annotations"]["reprise.dev/step"] == "3"
    assert "reprise.dev/step" not in found["spec"]["template"]["metadata"]["annotations"]


def test_every_container_asks_for_what_the_request_says() -> None:
    pod = odoo_pod()
    for container in [*pod["containers"], *pod["initContainers"]]:
        assert container["resources"] == {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


def test_the_profile_places_the_pod() -> None:
    toleration = {"key": "odoo", "operator": "Exists"}
    pod = odoo_pod(Profile(image_pull_secret="pull", node_selector={"disk": "fast"}, tolerations=(toleration,)))
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert pod["nodeSelector"] == {"disk": "fast"}
    assert pod["tolerations"] == [toleration]


def test_a_storage_class_is_named_only_where_the_profile_does() -> None:
    assert "storageClassName" not in manifests.claim("reprise", ONE, Profile())["spec"]
    named = manifests.claim("reprise", ONE, Profile(storage_class="fast"))["spec"]
    assert named["storageClassName"] == "fast"
    assert named["resources"]["requests"]["storage"] == "20Gi"


@pytest.mark.parametrize(("workers", "target"), [(0, "http"), (2, "websocket")])
def test_the_websocket_goes_where_odoo_serves_it(workers: int, target: str) -> None:
    ports = manifests.service("reprise", ONE, Profile(workers=workers))["spec"]["ports"]
    assert [(port["port"], port["targetPort"]) for port in ports] == [(8069, "http"), (8072, target)]


def test_modules_are_initialised_once_each_with_base_first() -> None:
    [initialise] = odoo_pod(Profile(modules=("sale", "base", "sale")))["initContainers"]
    assert {"name": "REPRISE_MODULES", "value": "base,sale"} in initialise["env"]


def test_no_password_stands_outside_the_secret() -> None:
    for pod in (odoo_pod(), server_pod()):
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            for variable in container.get("env", []):
                if "PASSWORD" in variable["name"]:
                    assert "value" not in variable
    assert "p%ss" not in repr(CREDENTIALS)


def test_odoo_conf_is_read_back_as_it_was_meant() -> None:
    profile = Profile(workers=2, odoo_conf={"log_level": "warn"})
    parser = configparser.RawConfigParser()
    parser.read_string(odoo_conf(ONE, profile, CREDENTIALS, "master"))
    options = dict(parser["options"])
    assert options["db_password"] == "p%ss=w#rd"
    assert options["admin_passwd"] == "master"
    assert options["list_db"] == "False"
    assert options["proxy_mode"] == "True"
    assert options["dbfilter"] == "^odoo_acme$"
    assert options["log_level"] == "warn"
    assert options["workers"] == "2"
    assert int(options["limit_memory_hard"]) == 2**30
    assert int(options["limit_memory_soft"]) < 2**30


@pytest.mark.parametrize(
    ("memory", "workers", "soft"),
    [
        ("1Gi", 0, 0.8 * 2**30),  # one process: the container's, less what it needs to finish its request
        ("4Gi", 1, 0.8 * 2**32),
        ("4Gi", 4, 0.8 * 2**30),
        ("1Gi", 4, 600 * 2**20),  # less would have a worker replaced after every request
        ("512Mi", 4, 0.8 * 2**29),
    ],
)
def test_odoo_s_memory_limits_follow_the_request(memory: str, workers: int, soft: float) -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(odoo_conf(instance(request={"memory": memory}), Profile(workers=workers), CREDENTIALS, "m"))
    options = parser["options"]
    assert int(options["limit_memory_soft"]) == int(soft)
    assert int(options["limit_memory_hard"]) == amount(memory)


def test_the_init_container_knows_which_version_the_profile_says() -> None:
    for profile, version in ((Profile(), ""), (Profile(version="18.0"), "18.0")):
        [initialise] = odoo_pod(profile)["initContainers"]
        assert {"name": "REPRISE_VERSION", "value": version} in initialise["env"]


def test_that_it_has_run_does_not_change_the_pods() -> None:
    """What was just seen ready is not restarted by the first apply that follows."""
    first, later = (
        manifests.deployment("reprise", instance(has_run=ran), Profile(), "fingerprint") for ran in (False, True)
    )
    assert first["spec"] == later["spec"]
