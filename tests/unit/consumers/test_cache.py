"""The watcher's cache: whose objects it holds, of which attempt, and how little of each."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from cluster.kinds import CLAIM, DEPLOYMENT, EVENT, POD
from cluster.names import ATTEMPT, INSTANCE
from consumers.watching.cache import Cache
from consumers.watching.slim import slim
from tests.unit.cluster.objects import INSTANCE_ID, ago, deployment, instance, meta, pod

OTHER = UUID(int=9)


def labelled(found: dict[str, Any], attempt: int = 1, owner: UUID = INSTANCE_ID, **values: Any) -> dict[str, Any]:
    labels = {INSTANCE: str(owner), ATTEMPT: str(attempt)}
    return {**found, "metadata": {**found["metadata"], "labels": labels, **values}}


def test_a_sight_is_of_the_present_attempt() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, labelled(deployment(), attempt=1, name="one"))
    cache.put(DEPLOYMENT, labelled(deployment(), attempt=2, name="two"))
    cache.put(POD, labelled(pod(), attempt=2))
    sight = cache.sight(replace(instance(), attempt=2))
    assert sight.deployment is not None
    assert sight.deployment["metadata"]["name"] == "two"
    assert len(sight.pods) == 1
    assert cache.attempts(INSTANCE_ID) == {1, 2}


def test_who_is_concerned_is_told_once_a_version() -> None:
    cache = Cache()
    found = labelled(deployment())
    assert cache.put(DEPLOYMENT, found) == {INSTANCE_ID}
    assert cache.put(DEPLOYMENT, found) == set()
    assert cache.put(DEPLOYMENT, labelled(deployment())) == {INSTANCE_ID}
    assert cache.remove(DEPLOYMENT, found) == {INSTANCE_ID}
    assert cache.remove(DEPLOYMENT, found) == set()
    assert cache.instances() == set()


def test_what_a_list_has_not_shown_is_forgotten() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, labelled(deployment(), name="gone"))
    cache.put(CLAIM, labelled({"metadata": meta("claim")}))
    fresh = labelled(deployment(), owner=OTHER, name="fresh", uid="fresh")
    assert cache.put(DEPLOYMENT, fresh) == {OTHER}
    assert cache.keep(DEPLOYMENT, {"fresh"}) == {INSTANCE_ID}
    assert cache.sight(instance()).deployment is None
    assert cache.sight(instance()).claim is not None
    assert cache.keep(DEPLOYMENT, {"fresh"}) == set()
    assert cache.instances() == {INSTANCE_ID, OTHER}


def event(uid: str, message: str, reason: str = "FailedMount", at: float = 1, **about: str) -> dict[str, Any]:
    involved = {"kind": "Pod", "name": "acme-pod", "uid": uid, **about}
    return {
        "metadata": meta("event"),
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "lastTimestamp": ago(at),
    }


def test_an_event_concerns_whose_object_it_is_about_before_or_after_that_is_seen() -> None:
    cache = Cache()
    assert cache.put(EVENT, event("acme-pod", "no such disk")) == set()
    cache.put(POD, labelled(pod()))
    assert cache.sight(instance()).events["acme-pod"]["FailedMount"].message == "no such disk"
    assert cache.put(EVENT, event("acme-pod", "no such file")) == {INSTANCE_ID}
    assert cache.put(EVENT, event("acme-pod", "no such file")) == set()  # it is only counted
    assert cache.remove(EVENT, event("acme-pod", "no such file")) == set()
    assert cache.keep(EVENT, set()) == set()
    assert cache.sight(instance()).events["acme-pod"]["FailedMount"].message == "no such file"


def test_an_event_about_something_else_concerns_nobody() -> None:
    cache = Cache()
    cache.put(POD, labelled(pod()))
    assert cache.put(EVENT, event("x", "no", kind="Node", name="node-0")) == set()
    assert cache.put(EVENT, event("", "no")) == set()
    assert cache.put(EVENT, event("acme-pod", "no", reason="BackOff")) == set()
    assert cache.sight(instance()).events == {}


def test_an_object_without_a_known_label_is_nobodys() -> None:
    cache = Cache()
    assert cache.put(DEPLOYMENT, deployment()) == set()
    assert cache.put(DEPLOYMENT, {**deployment(), "metadata": meta(labels={INSTANCE: "x"})}) == set()


def test_an_object_that_changes_hands_is_nobodys_or_anothers() -> None:
    cache = Cache()
    for relabelled, left in ((labelled(deployment(), owner=OTHER), {OTHER}), (deployment(), set())):
        cache.put(DEPLOYMENT, labelled(deployment()))
        assert cache.put(DEPLOYMENT, relabelled) == {INSTANCE_ID} | left
        assert cache.instances() == left


def test_templates_and_managed_fields_are_not_kept() -> None:
    found = labelled(deployment())
    found["metadata"]["managedFields"] = [{"manager": "x"}]
    found["spec"]["template"] = {"spec": {}}
    kept = slim(found)
    assert "managedFields" not in kept["metadata"]
    assert kept["spec"] == {"replicas": 1}
    assert kept["status"] == found["status"]
