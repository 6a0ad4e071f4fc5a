"""Profiles: what a file may say, and what is said where it is wrong."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cluster.profiles import DatabaseServer, Profile, Profiles
from schemas.errors import BadInput, BadSettings
from schemas.requests import InstanceRequest
from schemas.settings import Settings

EXAMPLE = Path(__file__).parents[3] / "docs" / "profiles.yaml"


def accept(profiles: Profiles, **request: Any) -> InstanceRequest:
    return profiles.accept(InstanceRequest(**request), "acme", "shop")


def loaded(tmp_path: Path, text: str) -> Profiles:
    file = tmp_path / "profiles.yaml"
    file.write_text(text)
    return Profiles.load(Settings(profiles=file))


def test_without_a_file_there_is_the_default_profile() -> None:
    profiles = Profiles.load(Settings(profiles=None))
    assert profiles.names == ["default"]
    assert profiles.get("default").image_for(InstanceRequest()) == "odoo:18.0"


def test_a_file_adds_profiles_and_may_change_the_default(tmp_path: Path) -> None:
    profiles = loaded(
        tmp_path,
        """
profiles:
  default: {image: "registry.example.com/odoo:18", user_id: 1000, group_id: 1000}
  large: {modules: [sale, stock], workers: 4, node_selector: {disk: fast}}
database_server: {image: "postgres:17", user_id: 999}
""",
    )
    assert profiles.names == ["default", "large"]
    assert profiles.get("default").user_id == 1000
    assert profiles.get("large").modules == ("sale", "stock")
    assert profiles.database_server.user_id == 999


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("profiles: {default: {imaje: x}}", "profiles.default.imaje"),
        ("profiles: {default: {workers: -1}}", "profiles.default.workers"),
        ("profiles: {default: {user_id: 0}}", "profiles.default.user_id"),
        ("profiles: {default: {modules: ['; rm']}}", "profiles.default.modules.0"),
        ("profiles: {default: {odoo_conf: {list_db: 'True'}}}", "profiles.default.odoo_conf.list_db"),
        ("profiles: {default: {odoo_conf: {xmlrpc_port: 1}}}", "profiles.default.odoo_conf.xmlrpc_port"),
        ("profiles: {default: {memory: 1}}", "profiles.default.memory"),
        ("profiles: {default: {version: latest}}", "profiles.default.version"),
        ("profiles: {default: {allowed_images: ['']}}", "profiles.default.allowed_images.0"),
        ("profiles: {default: {tolerations: [{key: a, effect: Never}]}}", "profiles.default.tolerations.0.effect"),
        ("profiles: {default: {node_affinity: [{key: a, operator: In}]}}", "profiles.default.node_affinity.0"),
        ("profiles: {default: {node_affinity: [{key: a, operator: Gt, values: [x]}]}}", "Gt needs one whole number"),
        ("profiles: {default: {node_affinity: [{key: a, operator: Exists, values: [x]}]}}", "Exists takes no values"),
        ("profiles: {default: {node_selector: {disk: 'a b'}}}", "profiles.default.node_selector.disk"),
        ("profiles: {default: {ingress: {}}}", "profiles.default.ingress.hosts"),
        ("profiles: {default: {ingress: {hosts: '{name}.example.com'}}}", "must have {name} and {customer}"),
        ("profiles: {default: {ingress: {hosts: '{name}-{customer}.com'}}}", "with a dot between"),
        ("profiles: {default: {ingress: {hosts: '{nick}.{id}.com'}}}", "{nick} is not known"),
        ("profiles: {default: {ingress: {hosts: 'https://{id}.com'}}}", "is no host name"),
        ('profiles: {default: {odoo_conf: {log_level: "a\\nb"}}}', "profiles.default.odoo_conf.log_level"),
        ("database_server: {cpu: lots}", "database_server.cpu"),
        ("profiles: [", "profiles.yaml"),
        ("- 1", "profiles.yaml"),
    ],
)
def test_a_wrong_file_stops_the_start_and_names_the_field(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(BadSettings) as caught:
        loaded(tmp_path, text)
    assert caught.value.field == "REPRISE_PROFILES"
    assert field in caught.value.message


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="No such file"):
        Profiles.load(Settings(profiles=tmp_path / "none.yaml"))


def test_a_request_for_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"request.profile: there is no profile 'big'; use default"):
        accept(Profiles(), profile="big")


def test_images_are_limited_to_the_allowed_ones(tmp_path: Path) -> None:
    profiles = loaded(tmp_path, 'profiles: {default: {image: "odoo:18.0", allowed_images: ["registry/team/*"]}}')
    assert accept(profiles, image="registry/team/odoo:18").image == "registry/team/odoo:18"
    accept(profiles, image="odoo:18.0")
    with pytest.raises(BadInput, match=r"request\.image: evil:1 is not allowed by profile default") as caught:
        accept(profiles, image="evil:1")
    assert caught.value.field == "request.image"


def test_what_a_request_leaves_out_is_the_profile_s_and_recorded_as_such(tmp_path: Path) -> None:
    profiles = loaded(tmp_path, "profiles: {large: {cpu: '2', memory: 4Gi, volume: 50Gi}}")
    taken = accept(profiles, profile="large", memory="8Gi")
    assert (taken.cpu, taken.memory, taken.volume) == ("2", "8Gi", "50Gi")
    assert {"cpu", "memory", "volume"} <= taken.model_fields_set
    assert accept(profiles) == InstanceRequest()


def test_what_was_recorded_does_not_follow_a_changed_profile(tmp_path: Path) -> None:
    recorded = InstanceRequest.model_validate_json(accept(Profiles()).model_dump_json())
    changed = loaded(tmp_path, "profiles: {default: {cpu: '4'}}")
    assert changed.accept(recorded, "acme", "shop").cpu == "500m"


def test_a_name_that_cannot_stand_in_the_profile_s_host_is_refused_at_the_door(tmp_path: Path) -> None:
    profiles = loaded(tmp_path, "profiles: {default: {ingress: {hosts: '{name}.{customer}.example.com'}}}")
    profiles.accept(InstanceRequest(), "acme", "shop")
    for customer in ("Acme", "a_c_m_e"):
        with pytest.raises(BadInput, match="is no host name") as caught:
            profiles.accept(InstanceRequest(), customer, "shop")
        assert caught.value.field == "request.profile"


def test_the_example_file_says_all_that_a_profile_can() -> None:
    profiles = Profiles.load(Settings(profiles=EXAMPLE))
    said = set().union(*(profiles.profiles[name].model_fields_set for name in profiles.profiles))
    assert said == set(Profile.model_fields)
    assert profiles.database_server.model_fields_set
    for name in profiles.names:
        profiles.accept(InstanceRequest(profile=name), "acme", "shop")


def test_replicas_of_a_database_server_need_an_operator() -> None:
    with pytest.raises(ValidationError, match="needs provider cloudnativepg"):
        DatabaseServer(instances=3)
    assert DatabaseServer(provider="cloudnativepg", instances=3).instances == 3
