"""`reprise cluster`: the brake and the orphans, spoken to a real API process and a simulated cluster."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest

from cluster.client import Cluster
from cluster.kinds import CLAIM, SERVICE
from cluster.names import INSTALLATION, INSTANCE, ROLE
from schemas.errors import ClusterDown
from schemas.settings import Settings
from tests.integration.cli.conftest import Reprise, Service
from tests.support.names import unique
from tests.support.waiting import until


def test_the_brake_is_off_at_first(reprise: Reprise) -> None:
    assert reprise("cluster", "brake").out.strip() == "The brake is off."
    refused = reprise("cluster", "brake", "--release", "--reason", "looked")
    assert (refused.code, refused.err.strip()) == (1, "The brake is not on")
    assert "--reason" in reprise("cluster", "brake", "--release").err


@pytest.fixture
def unwanted(service: Service, cluster_of_service: Path) -> str:
    """The name of a Service and a volume's claim of an instance that nobody knows."""
    settings = Settings(kubeconfig=cluster_of_service, namespace=service.settings.namespace)
    name = unique()
    asyncio.run(_make(settings, name))
    return name


async def _make(settings: Settings, name: str) -> None:
    labels = {INSTALLATION: settings.installation, INSTANCE: str(uuid4()), ROLE: "odoo"}
    meta = {"name": name, "labels": labels}
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    async with Cluster(settings) as cluster:

        async def made() -> bool:
            try:
                await cluster.apply(SERVICE, {"metadata": meta, "spec": {"ports": [{"port": 80}]}})
                await cluster.apply(CLAIM, {"metadata": meta, "spec": storage})
            except ClusterDown:  # the namespace is being made
                return False
            return True

        await until(made)


def listed(reprise: Reprise, name: str) -> list[str]:
    items = json.loads(reprise("cluster", "orphans", "-o", "json").out)["items"]
    return [item["kind"] for item in items if item["name"] == name]


def test_orphans_are_listed_and_removed_but_for_what_holds_data(reprise: Reprise, unwanted: str) -> None:
    shown = reprise("cluster", "orphans")
    assert unwanted in shown.out
    assert "no such instance is known" in shown.out
    nobody_asked = reprise("cluster", "orphans", "--remove", "--reason", "of a test")
    assert (nobody_asked.code, "--yes" in nobody_asked.err) == (2, True)
    assert reprise("cluster", "orphans", "--remove", "--yes").code == 2, "a reason is asked for"
    assert listed(reprise, unwanted) == ["Service", "PersistentVolumeClaim"]
    removed = reprise("cluster", "orphans", "--remove", "--yes", "--reason", "of a test")
    assert (removed.code, "Service" in removed.out, "Claim" in removed.out) == (0, True, False)
    assert listed(reprise, unwanted) == ["PersistentVolumeClaim"]
    assert reprise("cluster", "orphans", "--remove", "--with-data", "--yes", "--reason", "of a test").code == 0
    assert listed(reprise, unwanted) == []
