"""A ReplicaSet that a quota holds back."""

from embedded.simulated import kinds, objects
from embedded.simulated.controllers.replicaset import ReplicaSetController
from embedded.simulated.registry import Place, Registry
from embedded.simulated.store import Change
from tests.contract.manifests import pod_spec
from tests.unit.simulated.conftest import WRITER

KEY = ("n", "web")


def _prepared(registry: Registry) -> ReplicaSetController:
    quota = {"metadata": {"name": "limits"}, "spec": {"hard": {"pods": "0"}}}
    registry.create(kinds.QUOTAS, "n", quota, WRITER)
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec()}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    registry.create(kinds.REPLICA_SETS, "n", {"metadata": {"name": "web"}, "spec": spec}, WRITER)
    return ReplicaSetController(registry)


def test_it_waits_longer_after_each_refusal(registry: Registry) -> None:
    controller = _prepared(registry)
    assert [controller.reconcile(KEY) for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    found = objects.condition(registry.get(Place(kinds.REPLICA_SETS, *KEY)), "ReplicaFailure")
    assert found is not None
    assert "exceeded quota: limits, requested: pods=1, used: pods=0, limited: pods=0" in found["message"]


def test_a_changed_quota_ends_the_wait(registry: Registry) -> None:
    controller = _prepared(registry)
    quota = registry.get(Place(kinds.QUOTAS, "n", "limits"))
    change = Change(registry.store.revision, kinds.QUOTAS, quota, quota)
    assert list(controller.keys(change)) == []
    controller.reconcile(KEY)
    assert list(controller.keys(change)) == [KEY]
