"""Profiles: what a file may say, and what is said where it is wrong."""

from pathlib import Path

import pytest

from cluster.profiles import Profiles
from schemas.errors import BadInput, BadSettings
from schemas.requests import InstanceRequest
from schemas.settings import Settings


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
        Profiles().check(InstanceRequest(profile="big"))


def test_images_are_limited_to_the_allowed_ones(tmp_path: Path) -> None:
    profiles = loaded(tmp_path, 'profiles: {default: {image: "odoo:18.0", allowed_images: ["registry/team/*"]}}')
    profiles.check(InstanceRequest(image="registry/team/odoo:18"))
    profiles.check(InstanceRequest(image="odoo:18.0"))
    with pytest.raises(BadInput, match=r"request\.image: evil:1 is not allowed by profile default") as caught:
        profiles.check(InstanceRequest(image="evil:1"))
    assert caught.value.field == "request.image"
