"""The survey: what belongs to an instance that Reprise did not make, what it shares, and what is missing."""

from datetime import UTC, datetime

import pytest

from cluster.adopted import revive
from cluster.adoption import Survey, survey
from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE
from schemas.adoption import ExistingObjects
from schemas.codes import ErrorCode
from schemas.errors import BadInput
from tests.integration.cluster.doing import done
from tests.integration.cluster.foreign import ALL, Foreign, adopted, claim, deployment, service
from tests.support.waiting import until

SHOP = "app.kubernetes.io/instance=shop"


async def _surveyed(cluster: Cluster, **wanted: object) -> Survey:
    return await survey(cluster, ExistingObjects.model_validate(wanted), datetime.now(UTC))


@pytest.mark.own_cluster
async def test_a_deployment_brings_all_that_its_pods_use(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.made()
    await foreign.ready()
    await foreign.put(CLAIM, claim("of-its-database"))  # has the labels, and is not the instance's

    for wanted in ({"deployment": "odoo-shop"}, {"selector": SHOP}):
        found = await _surveyed(cluster, **wanted)
        assert found.objects == ALL
        assert (found.state, found.shared, found.missing, found.lacking) == ("running", [], [], [])
        assert found.sizes == {"cpu": "250m", "memory": "512Mi", "volume": "20Gi"}
        assert found.owners == set()


async def test_what_others_use_too_is_left(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.made()
    other = deployment(name="another")
    other["spec"]["template"]["spec"]["volumes"] = []
    other["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = []
    other["spec"]["selector"] = {"matchLabels": {"app": "another"}}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "another"}
    await foreign.put(DEPLOYMENT, other)

    found = await _surveyed(cluster, deployment="odoo-shop")

    assert found.shared == [(SECRET, "shop-db", "Deployment another")]
    assert found.objects.secrets == ()
    assert found.objects.claims == ("shop-files",)


async def test_labels_that_fit_several_deployments_are_refused(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.made()
    await foreign.put(DEPLOYMENT, deployment(name="another"))
    with pytest.raises(BadInput, match=r"fits 2 Deployments \(another, odoo-shop\)") as problem:
        await _surveyed(cluster, selector=SHOP)
    assert problem.value.field == "objects.selector"


async def test_what_is_not_there_is_missing(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.put(CLAIM, claim())
    await foreign.put(SERVICE, service())

    named = await _surveyed(cluster, deployment="odoo-shop", claims=["shop-files", "lost"])
    assert named.missing == [(DEPLOYMENT, "odoo-shop"), (CLAIM, "lost")]
    assert named.objects.deployment == "odoo-shop", "it may come back"
    assert named.state is None
    by_labels = await _surveyed(cluster, selector=SHOP)
    assert (by_labels.objects.claims, by_labels.objects.services) == (("shop-files",), ("shop-web",))
    assert DEPLOYMENT in by_labels.lacking
    nothing = await _surveyed(cluster)
    assert (nothing.found, nothing.may_hold_files) == ([], False)


async def test_a_stopped_one_and_one_that_does_not_fit_are_told_apart(cluster: Cluster) -> None:
    foreign = Foreign(cluster)
    await foreign.made(cpu="64")

    async def unschedulable() -> Survey | None:
        found = await _surveyed(cluster, deployment="odoo-shop")
        return found if found.seen is not None and found.seen.cause else None

    stuck = await until(unschedulable)
    assert stuck is not None
    assert stuck.seen is not None
    assert (stuck.state, stuck.seen.error_code) == ("degraded", ErrorCode.INSUFFICIENT_RESOURCES)
    await cluster.patch(DEPLOYMENT, "odoo-shop", {"spec": {"replicas": 0}})
    assert (await _surveyed(cluster, deployment="odoo-shop")).state == "stopped"


async def test_what_is_adopted_already_says_whose_it_is(cluster: Cluster) -> None:
    foreign, row = Foreign(cluster), adopted()
    await foreign.made()
    await done(lambda: revive(cluster, row))
    found = await _surveyed(cluster, deployment="odoo-shop")
    assert found.owners == {(cluster.installation, str(row.id))}
