"""Jobs end: once enough pods succeeded, or too many failed."""

from typing import Any

import pytest

from tests.contract.client import Client, Object
from tests.contract.manifests import IMAGE, pod_spec
from tests.contract.seeing import condition, until_seen


def _job(name: str, image: str = IMAGE) -> Object:
    spec = pod_spec(image, restartPolicy="Never")
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": spec}}}


async def _end_pods(cluster: Client, name: str, phase: str) -> None:
    """Report what a kubelet would: the control plane under test may have no kubelet that runs anything."""
    for pod in await cluster.items("pods", labelSelector=f"job-name={name}"):
        if pod["status"]["phase"] in ("Pending", "Running"):
            code = 0 if phase == "Succeeded" else 1
            ended: dict[str, Any] = {"exitCode": code, "finishedAt": "2026-01-01T00:00:00Z"}
            status = {"name": "odoo", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 0}
            states = [{**status, "state": {"terminated": ended}}]
            await cluster.patch(
                "pods", pod["metadata"]["name"], {"status": {"phase": phase, "containerStatuses": states}}, "status"
            )


@pytest.mark.own_cluster  # plays the kubelet
@pytest.mark.parametrize(("phase", "expected"), [("Succeeded", "Complete"), ("Failed", "Failed")])
async def test_a_job_ends_as_its_pod_does(cluster: Client, phase: str, expected: str) -> None:
    await cluster.create("jobs", _job("init", IMAGE if phase == "Succeeded" else "crash:1"))

    async def ended() -> Object | None:
        await _end_pods(cluster, "init", phase)
        found = await cluster.get("jobs", "init")
        return found if condition(found, expected).get("status") == "True" else None

    found = await until_seen(ended, 30.0)
    assert found["status"]["succeeded" if phase == "Succeeded" else "failed"] == 1
    assert not found["status"].get("active")
    if expected == "Failed":
        assert condition(found, "Failed")["reason"] == "BackoffLimitExceeded"
