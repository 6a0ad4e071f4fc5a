"""An adopted instance: found by its own names, stopped, started and deleted, and its pod template never written."""

from datetime import UTC, datetime

import pytest

from cluster.adopted import label, mark_adopted, revive
from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, REPLICA_SET, SECRET, SERVICE
from cluster.names import INSTANCE, ODOO, labels, selector
from cluster.observe import Phase, observe_running
from cluster.remove import remove_everything
from cluster.sight import look
from cluster.stop import stop
from schemas.codes import ErrorCode
from schemas.errors import ClusterRefused, NotYet
from statemachine.instance import Instance
from tests.integration.cluster.doing import done, no_database, reaches, unmoved
from tests.integration.cluster.foreign import HELM, Foreign, adopted, claim
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database


async def _taken(cluster: Cluster) -> tuple[Foreign, Instance]:
    """A foreign instance that serves, labelled."""
    foreign, row = Foreign(cluster), adopted()
    await foreign.made()
    await foreign.ready()
    await revive(cluster, row)
    return foreign, row


async def test_labels_are_added_and_nothing_restarts(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.made()
    before = await foreign.ready()
    [pod] = await foreign.pods()

    await revive(cluster, row := adopted())

    after = await foreign.deployment()
    assert after["spec"] == before["spec"]
    assert HELM.items() <= after["metadata"]["labels"].items(), "what others select by is left as it was"
    assert [each["metadata"]["uid"] for each in await foreign.pods()] == [pod["metadata"]["uid"]]
    mine = selector(labels(cluster.installation, row.id, ODOO))
    for kind, name in ((CLAIM, "shop-files"), (SERVICE, "shop-web"), (SECRET, "shop-db"), (DEPLOYMENT, "odoo-shop")):
        assert [each["metadata"]["name"] for each in await cluster.select(kind, mine)] == [name]
    assert len(await cluster.select(POD, mine)) == len(await cluster.select(REPLICA_SET, mine)) == 1


async def test_it_is_seen_like_any_other(cluster: Cluster) -> None:
    _, row = await _taken(cluster)
    sight = await look(cluster, row)
    assert sight.complete
    assert observe_running(sight, datetime.now(UTC), 0).phase is Phase.READY
    assert len(sight.pods) == 1
    await reaches(cluster, row, Phase.READY)


async def test_a_pod_that_was_born_without_labels_is_labelled(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    [old] = await foreign.pods()
    await cluster.delete(POD, old)

    async def replaced() -> bool:
        return [each["metadata"]["uid"] for each in await foreign.pods()] not in ([], [old["metadata"]["uid"]])

    await until(replaced)
    await until(lambda: _seen(cluster, row))


async def _seen(cluster: Cluster, row: Instance) -> bool:
    await mark_adopted(cluster, row)
    return len((await look(cluster, row)).pods) == 1


async def test_it_is_stopped_and_comes_back_as_it_was(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    template = (await foreign.deployment())["spec"]["template"]
    await cluster.patch(DEPLOYMENT, "odoo-shop", {"spec": {"replicas": 2}})

    await done(lambda: stop(cluster, row, unmoved))
    assert await foreign.pods() == []
    assert (await foreign.deployment())["spec"]["replicas"] == 0

    row.step += 2
    await revive(cluster, row)
    started = await foreign.deployment()
    assert started["spec"]["replicas"] == 2
    assert started["spec"]["template"] == template
    await foreign.ready()


async def test_it_is_not_stopped_while_a_pod_without_labels_is_left(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    [pod] = await foreign.pods()
    name = pod["metadata"]["name"]
    lingering = {"labels": {INSTANCE: None}, "finalizers": ["test.reprise.dev/lingers"]}
    await cluster.patch(POD, name, {"metadata": lingering})
    with pytest.raises(NotYet, match=name):
        await stop(cluster, row, unmoved)
    await cluster.patch(POD, name, {"metadata": {"finalizers": []}})
    await done(lambda: stop(cluster, row, unmoved))
    assert await foreign.pods() == []


async def test_what_lost_its_labels_gets_them_again(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    await cluster.patch(DEPLOYMENT, "odoo-shop", {"metadata": {"labels": {INSTANCE: None}}})
    with pytest.raises(ClusterRefused, match="does not bear the labels of this instance any more"):
        await mark_adopted(cluster, row)
    await revive(cluster, row)
    assert (await foreign.deployment())["metadata"]["labels"][INSTANCE] == str(row.id)


async def test_what_is_another_instances_is_not_taken(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    other = adopted()
    with pytest.raises(ClusterRefused, match=f"belongs to instance {row.id}"):
        await label(cluster, other, DEPLOYMENT, await foreign.deployment())
    assert (await foreign.deployment())["metadata"]["labels"][INSTANCE] == str(row.id)


async def test_a_deployment_that_is_gone_is_not_guessed_at(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    await cluster.delete(DEPLOYMENT, await foreign.deployment())
    await until(lambda: _gone(cluster))
    with pytest.raises(ClusterRefused, match=r"Deployment odoo-shop is gone\. It was adopted"):
        await revive(cluster, row)


async def _gone(cluster: Cluster) -> bool:
    return await cluster.get(DEPLOYMENT, "odoo-shop") is None


async def test_a_volume_that_is_gone_is_never_made_anew(cluster: Cluster) -> None:
    row = adopted()
    with pytest.raises(ClusterRefused, match="PersistentVolumeClaim shop-files is gone, and the data") as refusal:
        await revive(cluster, row)
    assert refusal.value.code is ErrorCode.DATA_MISSING
    assert await cluster.select(CLAIM) == []


async def test_all_of_it_is_removed_and_nothing_else(cluster: Cluster) -> None:
    foreign, row = await _taken(cluster)
    await foreign.put(CLAIM, claim("another"))

    lines = await done(lambda: remove_everything(cluster, row, unmoved, no_database))

    told = {(line.kind, line.name) for line in lines if line.action == "deleted"}
    assert told >= {
        ("Deployment", "odoo-shop"),
        ("PersistentVolumeClaim", "shop-files"),
        ("Service", "shop-web"),
        ("Secret", "shop-db"),
    }
    assert await foreign.pods() == []
    assert [each["metadata"]["name"] for each in await cluster.select(CLAIM)] == ["another"]


async def test_a_deployment_that_somebody_made_anew_holds_the_removal_up(cluster: Cluster) -> None:
    """Its pods may serve: the database is not dropped under them, and it is not Reprise's to delete."""
    foreign, row = await _taken(cluster)
    await cluster.patch(DEPLOYMENT, "odoo-shop", {"metadata": {"labels": {INSTANCE: None}}})
    with pytest.raises(ClusterRefused, match="label it, or remove it"):
        await remove_everything(cluster, row, unmoved, no_database)
    assert len(await foreign.pods()) == 1
    assert await cluster.get(CLAIM, "shop-files") is not None
