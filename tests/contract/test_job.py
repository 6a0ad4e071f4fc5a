"""Jobs end: once enough pods succeeded, or too many failed."""

import pytest

from tests.contract.client import Client, Object
from tests.contract.manifests import IMAGE, pod_spec
from tests.contract.seeing import condition, until_seen


def _job(name: str, image: str = IMAGE) -> Object:
    spec = pod_spec(image, restartPolicy="Never")
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": spec}}}


@pytest.mark.own_cluster
@pytest.mark.parametrize(("image", "expected"), [(IMAGE, "Complete"), ("crash:1", "Failed")])
async def test_a_job_ends_as_its_pod_does(cluster: Client, image: str, expected: str) -> None:
    await cluster.create("jobs", _job("init", image))

    async def ended() -> Object | None:
        found = await cluster.get("jobs", "init")
        return found if condition(found, expected).get("status") == "True" else None

    found = await until_seen(ended, 30.0)
    assert found["status"]["succeeded" if expected == "Complete" else "failed"] == 1
    assert not found["status"].get("active")
    if expected == "Failed":
        assert condition(found, "Failed")["reason"] == "BackoffLimitExceeded"
