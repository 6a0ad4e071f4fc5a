"""The demonstration on a real control plane: the same checklist, and nothing of it stays."""

import json
import signal
from pathlib import Path

import pytest

from tests.contract.client import Client, Object
from tests.support.demonstration import demo, shown_until
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its kubelets need no image of Odoo


async def leftovers(admin: Client) -> list[str]:
    names: list[str] = [namespace["metadata"]["name"] for namespace in await admin.items("namespaces")]
    return [name for name in names if name.startswith("reprise-demo-")]


async def sizes(admin: Client) -> list[Object]:
    return [node["status"]["allocatable"] for node in await admin.items("nodes")]


async def test_the_same_checklist_holds(tmp_path: Path, control_plane: Path, admin: Client) -> None:
    before = await sizes(admin)
    process = await demo(tmp_path, "--kubeconfig", str(control_plane), "--json")
    out, err = await process.communicate()
    document = json.loads(out)
    assert document["error"] is None
    assert [point for point in document["checklist"] if not point["holds"]] == []
    assert (process.returncode, document["ok"], err) == (0, True, b"")
    assert len(document["checklist"]) == 6
    assert await sizes(admin) == before
    await until(lambda: _nothing_left(admin), 60)


async def test_ctrl_c_takes_the_namespace_away(tmp_path: Path, control_plane: Path, admin: Client) -> None:
    process = await demo(tmp_path, "--cluster", "kubernetes", REPRISE_KUBECONFIG=str(control_plane))
    await shown_until(process, "its database server")
    assert await leftovers(admin)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")
    assert "is being removed" in out.decode()
    await until(lambda: _nothing_left(admin), 60)


async def _nothing_left(admin: Client) -> bool:
    return await leftovers(admin) == []
