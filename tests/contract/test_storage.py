"""Volumes that come late, never, or cannot be attached: by the name of their storage class."""

import pytest

from tests.contract.client import Client
from tests.contract.manifests import claim, deployment, mounting, pod_spec
from tests.contract.seeing import condition, the_pod, until_ready
from tests.contract.test_kubelet import until_told

pytestmark = pytest.mark.own_cluster


async def _deploy(cluster: Client, storage_class: str) -> None:
    await cluster.apply("persistentvolumeclaims", claim("data", storageClassName=storage_class))
    await cluster.apply("deployments", deployment("web", mounting(pod_spec(), "data")))


async def test_a_class_that_waits_binds_when_a_pod_needs_it(cluster: Client) -> None:
    await cluster.apply("persistentvolumeclaims", claim("data", storageClassName="first-consumer"))
    await until_told(cluster, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    assert (await cluster.get("persistentvolumeclaims", "data"))["status"]["phase"] == "Pending"
    await _deploy(cluster, "first-consumer")
    await until_ready(cluster, "web")
    assert (await cluster.get("persistentvolumeclaims", "data"))["status"]["phase"] == "Bound"


async def test_a_class_that_there_is_not_is_named(cluster: Client) -> None:
    await _deploy(cluster, "none")
    await until_told(cluster, "ProvisioningFailed", 'storageclass.storage.k8s.io "none" not found')


async def test_a_provisioner_that_is_away_is_named(cluster: Client) -> None:
    await _deploy(cluster, "unprovisioned")
    await until_told(cluster, "ExternalProvisioning", "Waiting for a volume to be created either by the external prov")
    await until_told(cluster, "FailedScheduling", "pod has unbound immediate PersistentVolumeClaims")


async def test_a_volume_that_cannot_be_attached_keeps_its_pod_from_starting(cluster: Client) -> None:
    await _deploy(cluster, "unattachable")
    await until_told(cluster, "FailedAttachVolume", "AttachVolume.Attach failed for volume")
    pod = await the_pod(cluster, "web")
    assert pod is not None
    assert pod["status"]["phase"] == "Pending"
    assert condition(pod, "PodScheduled")["status"] == "True"
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating"
