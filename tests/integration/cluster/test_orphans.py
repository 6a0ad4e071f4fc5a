"""Orphans: what no instance wants is found, and removed only when somebody says so; all else is left alone."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from cluster.adopted import revive
from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.names import server_name
from cluster.orphans import Orphan, orphans, remove_orphans
from cluster.profiles import DatabaseServer
from cluster.sight import look
from schemas.errors import NotYet
from schemas.settings import Settings
from statemachine.instance import Instance
from statemachine.states import State
from tests.integration.cluster.doing import deployed, instance
from tests.integration.cluster.foreign import Foreign, adopted
from tests.support.waiting import until


async def found(cluster: Cluster, *rows: Instance) -> list[Orphan]:
    async def known(ids: set[UUID]) -> Mapping[UUID, Instance]:
        return {row.id: row for row in rows if row.id in ids}

    return await orphans(cluster, known)


def kinds(unwanted: list[Orphan]) -> set[str]:
    return {each.kind.name for each in unwanted}


async def test_the_objects_of_a_known_instance_are_none(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    assert await found(cluster, row) == []


async def test_those_of_an_instance_that_nobody_knows_are_found_with_what_holds_data_marked(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    unwanted = await found(cluster)
    assert kinds(unwanted) == {"Deployment", "Service", "Secret", "PersistentVolumeClaim"}
    assert {each.why for each in unwanted} == {"no such instance is known"}
    assert {each.instance for each in unwanted} == {str(row.id)}
    assert kinds([each for each in unwanted if each.holds_data]) == {"PersistentVolumeClaim"}


async def test_those_of_a_deleted_instance_and_of_a_later_attempt_are_found(cluster: Cluster) -> None:
    gone, restored = instance(), instance(attempt=3)
    await deployed(cluster, gone)
    await deployed(cluster, restored)
    unwanted = await found(cluster, replace(gone, state=State.DELETED), replace(restored, attempt=2))
    assert {(each.instance, each.why) for each in unwanted} == {
        (str(gone.id), "the instance is deleted"),
        (str(restored.id), "it is of attempt 3, and the instance is at attempt 2"),
    }


async def test_a_database_server_that_nobody_knows_holds_data_with_its_secret(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    with suppress(NotYet):
        await DedicatedServers(cluster, DatabaseServer()).ensure(row.id, "c", server_name(row.id), "p", "odoo", "odoo")
    holding = {(each.kind.name, each.name) for each in await found(cluster) if each.holds_data}
    assert {("StatefulSet", server_name(row.id)), ("Secret", server_name(row.id))} <= holding


async def test_what_is_removed_is_what_was_seen_and_no_more(cluster: Cluster) -> None:
    row, known = instance(), instance()
    await deployed(cluster, row)
    await deployed(cluster, known)
    unwanted = [each for each in await found(cluster, known) if not each.holds_data]
    assert {each.instance for each in await remove_orphans(cluster, unwanted)} == {str(row.id)}
    await until(lambda: _are_gone(cluster, unwanted))
    assert kinds(await found(cluster, known)) == {"PersistentVolumeClaim"}
    assert await remove_orphans(cluster, unwanted) == [], "nothing is deleted in the stead of what is gone"
    assert (await look(cluster, known)).complete


async def _are_gone(cluster: Cluster, unwanted: list[Orphan]) -> bool:
    return not any([await cluster.get(each.kind, each.name) for each in unwanted])


async def test_another_installation_beside_this_one_is_not_looked_at(
    cluster: Cluster, cluster_settings: Settings
) -> None:
    await deployed(cluster, instance())
    async with Cluster(cluster_settings.model_copy(update={"installation": "other"})) as other:
        assert await found(other) == []


async def test_what_was_adopted_is_none_though_its_adoption_broke_off(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.made()
    await revive(cluster, adopted())
    assert await found(cluster) == []
