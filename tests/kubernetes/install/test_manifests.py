"""Everything in install/, rendered by kustomize and judged by a real API server."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cli.parts import PARTS
from schemas.settings import Settings
from tests.controlplane.running import ControlPlane
from tests.kubernetes.install.applying import Admin, admin_of
from tests.support.kustomize import custom_resources, rendered

Object = dict[str, Any]
DOCKERFILE = (Path(__file__).parents[3] / "Dockerfile").read_text()


@pytest.fixture(scope="module", params=["base", "production"])
def manifests(request: pytest.FixtureRequest) -> list[Object]:
    return rendered(request.param)


@pytest_asyncio.fixture
async def admin(own_control_plane: ControlPlane) -> AsyncIterator[Admin]:
    async with admin_of(own_control_plane.layout) as found:
        yield found


async def test_the_api_server_accepts_all_of_it(admin: Admin, manifests: list[Object]) -> None:
    for definition in custom_resources():
        await admin.define(definition)
    for each in manifests:  # namespaces come first: what is in them is judged by their labels
        await admin.apply(each, **({} if each["kind"] == "Namespace" else {"dryRun": "All"}))


async def test_the_pods_pass_the_restricted_standard(admin: Admin, manifests: list[Object]) -> None:
    [namespace] = [each for each in manifests if each["metadata"]["name"] == "reprise-system"]
    await admin.apply(namespace)
    for name, template in templates(manifests).items():
        spec = {**template["spec"], "serviceAccountName": "default"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "reprise-system"},
            "spec": spec,
        }
        await admin.apply(pod, dryRun="All")


def templates(manifests: list[Object]) -> dict[str, Object]:
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in manifests
        if each["kind"] in ("Deployment", "Job")
    }


def test_every_part_is_one_deployment_that_serves_it(manifests: list[Object]) -> None:
    found = {name: template["spec"]["containers"][0]["args"] for name, template in templates(manifests).items()}
    assert found == {"migrate": ["migrate"], **{part: ["serve", "--only", part] for part in PARTS}}


def test_user_and_port_are_those_of_the_image(manifests: list[Object]) -> None:
    [user, group] = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)[0]
    [port] = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    for name, template in templates(manifests).items():
        context = template["spec"]["securityContext"]
        assert (str(context["runAsUser"]), str(context["runAsGroup"])) == (user, group)
        ports = [str(each["containerPort"]) for each in template["spec"]["containers"][0].get("ports", ())]
        assert ports == ([] if name == "migrate" else [port])


def test_every_variable_is_a_setting_and_no_secret_stands_in_a_config_map(manifests: list[Object]) -> None:
    [settings] = [each["data"] for each in manifests if each["kind"] == "ConfigMap"]
    values = {name.removeprefix("REPRISE_").lower(): value for name, value in settings.items()}
    assert set(values) <= set(Settings.model_fields)
    Settings.load(**values)
    assert not {"jwt_secret", "event_key", "database_url", "nats_url", "database_keys"} & set(values)


def test_every_selector_selects_and_every_part_is_disturbed_one_pod_at_a_time(manifests: list[Object]) -> None:
    labels = {name: template["metadata"]["labels"] for name, template in templates(manifests).items()}
    budgets = [each["spec"] for each in manifests if each["kind"] == "PodDisruptionBudget"]
    chosen = [
        name
        for budget in budgets
        for name in labels
        if budget["selector"]["matchLabels"].items() <= labels[name].items()
    ]
    assert sorted(chosen) == sorted(PARTS)
    assert {budget["maxUnavailable"] for budget in budgets} == {1}
    for service in (each for each in manifests if each["kind"] == "Service"):
        assert [name for name in labels if service["spec"]["selector"].items() <= labels[name].items()], service
