"""How far an attempt has come, for every way in which a cluster can show it."""

from datetime import timedelta
from typing import Any

import pytest

from cluster.observe import Phase, observe, observe_running
from cluster.sight import Sight
from cluster.told import Told
from schemas.codes import ErrorCode
from tests.unit.cluster.objects import NOW, ago, condition, container, deployment, meta, pod

GRACE = 30.0
READY_POD = pod(condition("Initialized", "True"), condition("Ready", "True"), phase="Running")


def about(uid: str, **messages: str) -> dict[str, dict[str, Told]]:
    """Events about one object, a message by reason."""
    return {uid: {reason: Told(message, ago(1), "1") for reason, message in messages.items()}}


def seen(found: Sight, step: int | None = 3, grace: float = GRACE) -> Any:
    return observe(found, step, NOW, grace)


def test_without_a_deployment_it_is_absent() -> None:
    assert seen(Sight()).phase is Phase.ABSENT


def test_a_deployment_of_an_earlier_step_has_not_been_applied() -> None:
    found = Sight(deployment(ready=1, step=2), pods=(READY_POD,))
    assert seen(found).phase is Phase.UNAPPLIED
    assert seen(found, step=None).phase is Phase.READY


def test_a_ready_replica_of_the_present_generation_is_ready() -> None:
    observed = seen(Sight(deployment(ready=1), pods=(READY_POD,)))
    assert (observed.phase, observed.node) == (Phase.READY, "node-0")


@pytest.mark.parametrize(
    "found",
    [
        Sight(deployment(ready=1, observed=0), pods=(READY_POD,)),
        Sight(deployment(ready=1, replicas=0), pods=(READY_POD,)),
        Sight(deployment(ready=0), pods=(READY_POD,)),
        Sight(deployment(ready=1, deletionTimestamp=ago(1)), pods=(READY_POD,)),
        Sight(deployment(ready=1), pods=({**READY_POD, "metadata": meta(deletionTimestamp=ago(1))},)),
        Sight(deployment(ready=1), pods=(READY_POD,), claim={"metadata": meta(deletionTimestamp=ago(1))}),
    ],
    ids=["stale status", "scaled to zero", "no replica", "deployment going", "pod going", "volume going"],
)
def test_it_is_not_ready_while(found: Sight) -> None:
    assert seen(found).phase is not Phase.READY


def test_a_pod_without_room_waits_in_the_schedulers_words() -> None:
    message = (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    waiting = pod(condition("PodScheduled", "False", reason="Unschedulable", message=message), node=None)
    observed = seen(Sight(deployment(), pods=(waiting,)))
    assert observed.phase is Phase.UNSCHEDULED
    assert observed.error_code is ErrorCode.INSUFFICIENT_RESOURCES
    assert observed.cause == "0/1 nodes are available: 1 Insufficient cpu."


def test_a_quota_that_forbids_the_pod_is_told_without_the_pods_name() -> None:
    message = 'pods "acme-1-abcde" is forbidden: exceeded quota: small, requested: cpu=2, used: cpu=1, limited: cpu=2'
    replica_set = {
        "metadata": meta(),
        "spec": {},
        "status": {"conditions": [condition("ReplicaFailure", "True", reason="FailedCreate", message=message)]},
    }
    observed = seen(Sight(deployment(), replica_sets=(replica_set,)))
    assert observed.error_code is ErrorCode.QUOTA_EXCEEDED
    assert observed.cause == (
        "The cluster makes no pod: exceeded quota: small, requested: cpu=2, used: cpu=1, limited: cpu=2."
    )


def test_a_quota_that_forbids_the_replica_set_stands_on_the_deployment() -> None:
    refused = 'replicasets.apps "acme-1-5c" is forbidden: exceeded quota: small, requested: count/replicasets.apps=1'
    message = f'Failed to create new replica set "acme-1-5c": {refused}'
    stuck = deployment()
    stuck["status"]["conditions"] = [condition("Progressing", "False", reason="ReplicaSetCreateError", message=message)]
    observed = seen(Sight(stuck))
    assert observed.error_code is ErrorCode.QUOTA_EXCEEDED
    assert observed.cause == ("The cluster makes no pod: exceeded quota: small, requested: count/replicasets.apps=1.")


def test_a_rollout_that_takes_long_is_no_refusal() -> None:
    slow = deployment()
    message = 'ReplicaSet "acme-1-5c" has timed out progressing.'
    slow["status"]["conditions"] = [
        condition("Progressing", "False", reason="ProgressDeadlineExceeded", message=message)
    ]
    assert seen(Sight(slow)).cause is None


def test_what_a_replica_set_was_last_told_is_fresher_than_its_condition() -> None:
    replica_set = {
        "metadata": meta("rs"),
        "spec": {},
        "status": {
            "conditions": [condition("ReplicaFailure", "True", reason="FailedCreate", message="exceeded quota: a")]
        },
    }
    events = about("rs", FailedCreate='Error creating: admission webhook "w" denied the request: no')
    observed = seen(Sight(deployment(), replica_sets=(replica_set,), events=events))
    assert observed.error_code is ErrorCode.CLUSTER_REFUSED
    assert observed.cause == 'The cluster makes no pod: admission webhook "w" denied the request: no.'


def test_what_a_replica_set_was_told_before_it_made_a_pod_is_over() -> None:
    replica_set = {"metadata": meta("rs"), "spec": {}, "status": {}}
    events = about("rs", FailedCreate="Error creating: exceeded quota: a")
    assert seen(Sight(deployment(), replica_sets=(replica_set,), events=events)).cause is None


def unscheduled(message: str, **more: Any) -> Sight:
    return Sight(
        deployment(),
        pods=(pod(condition("PodScheduled", "False", reason="Unschedulable", message=message), node=None),),
        **more,
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("0/2 nodes are available: 2 Insufficient memory.", ErrorCode.INSUFFICIENT_RESOURCES),
        ("0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable.", ErrorCode.INSUFFICIENT_RESOURCES),
        ("no nodes available to schedule pods", ErrorCode.INSUFFICIENT_RESOURCES),
        ("0/2 nodes are available: 2 node(s) had untolerated taint(s).", ErrorCode.NO_MATCHING_NODE),
        (
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
            ErrorCode.NO_MATCHING_NODE,
        ),
        (
            "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            ErrorCode.VOLUME_UNAVAILABLE,
        ),
        ('0/2 nodes are available: persistentvolumeclaim "x" not found. not found', ErrorCode.VOLUME_UNAVAILABLE),
        ("0/2 nodes are available: 2 node(s) had volume node affinity conflict.", ErrorCode.VOLUME_UNAVAILABLE),
        (
            "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
            ErrorCode.VOLUME_UNAVAILABLE,
        ),
    ],
)
def test_the_schedulers_reason_has_a_code(message: str, code: ErrorCode) -> None:
    assert seen(unscheduled(message)).error_code is code


@pytest.mark.parametrize(
    ("phase", "cause"),
    [
        ("Pending", 'The claim gets no volume: storageclass.storage.k8s.io "fast" not found.'),
        ("Bound", "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
    ],
)
def test_why_a_claim_gets_no_volume_is_told_by_its_event(phase: str, cause: str) -> None:
    claim = {"metadata": meta("claim"), "status": {"phase": phase}}
    events = about("claim", ProvisioningFailed='storageclass.storage.k8s.io "fast" not found')
    message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    assert seen(unscheduled(message, claim=claim, events=events)).cause == cause


def test_a_pod_on_a_node_is_scheduled() -> None:
    observed = seen(Sight(deployment(), pods=(pod(),)))
    assert (observed.phase, observed.node, observed.cause) == (Phase.SCHEDULED, "node-0", None)


def missing_image(bound: float) -> Sight:
    waiting = container(waiting={"reason": "ErrImagePull", "message": "missing:1: not found"})
    conditions = condition("PodScheduled", "True", since=bound), condition("Initialized", "True", since=bound)
    found = pod(*conditions, containerStatuses=[waiting])
    found["status"]["conditions"] = list(conditions)
    return Sight(deployment(), pods=(found,))


def test_a_missing_image_is_progress_until_the_grace_is_over() -> None:
    observed = seen(missing_image(GRACE - 1))
    assert (observed.phase, observed.error_code) == (Phase.SCHEDULED, ErrorCode.IMAGE_PULL)
    assert observed.turns_at == NOW + timedelta(seconds=1)


def test_a_missing_image_fails_when_the_grace_is_over() -> None:
    observed = seen(missing_image(GRACE))
    assert (observed.phase, observed.error_code) == (Phase.FAILED, ErrorCode.IMAGE_PULL)
    assert observed.cause == 'Image "odoo:18" cannot be pulled: missing:1: not found.'


def test_the_back_off_repeats_the_error_behind_it() -> None:
    message = 'Back-off pulling image "missing:1": ErrImagePull: missing:1: not found'
    waiting = container(waiting={"reason": "ImagePullBackOff", "message": message})
    observed = seen(Sight(deployment(), pods=(pod(containerStatuses=[waiting]),)))
    assert observed.cause == 'Image "odoo:18" cannot be pulled: missing:1: not found.'


def test_how_an_image_is_pulled_is_not_told_twice() -> None:
    error = 'failed to pull and unpack image "docker.io/library/x:1": failed to resolve reference "x:1": x:1: not found'
    waiting = container(waiting={"reason": "ErrImagePull", "message": f"rpc error: code = NotFound desc = {error}"})
    observed = seen(Sight(deployment(), pods=(pod(containerStatuses=[waiting]),)))
    assert observed.cause == ('Image "odoo:18" cannot be pulled: failed to resolve reference "x:1": x:1: not found.')


def crashing(*, restarts: int, finished: float, start: float = 3600, name: str = "odoo", **last: Any) -> Sight:
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": ago(finished), **last}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    found = container(name, restarts=restarts, last=ended, waiting=waiting)
    statuses: dict[str, Any] = {"initContainerStatuses" if name == "initialise" else "containerStatuses": [found]}
    return Sight(deployment(), pods=(pod(condition("Initialized", "True", since=start), **statuses),))


def test_one_crash_of_a_container_that_had_run_for_long_is_not_a_failure_yet() -> None:
    observed = seen(crashing(restarts=1, finished=5))
    assert (observed.phase, observed.error_code) == (Phase.SCHEDULED, ErrorCode.CRASH_LOOP)
    assert observed.turns_at == NOW + timedelta(seconds=GRACE - 5)


def test_restarts_tell_how_long_it_has_been_crashing() -> None:
    observed = seen(crashing(restarts=3, finished=1))  # it waited 10 and 20 s between them
    assert observed.phase is Phase.FAILED


def test_it_cannot_have_been_crashing_since_before_it_could_start() -> None:
    assert seen(crashing(restarts=9, finished=1, start=10)).phase is Phase.SCHEDULED


def test_a_crash_is_told_with_the_last_line_of_its_log() -> None:
    observed = seen(crashing(restarts=3, finished=1, message="Traceback\n  …\nKeyError: 'x'\n"))
    assert observed.cause == "Container odoo exited with code 1: KeyError: 'x'."


def test_running_out_of_memory_is_told_so() -> None:
    observed = seen(crashing(restarts=3, finished=1, reason="OOMKilled", exitCode=137))
    assert observed.error_code is ErrorCode.OUT_OF_MEMORY
    assert observed.cause == "Container odoo was killed for using more memory than it may (OOMKilled)."


def test_a_failing_initialisation_has_a_code_of_its_own() -> None:
    observed = seen(crashing(restarts=3, finished=1, name="initialise"))
    assert (observed.phase, observed.error_code) == (Phase.FAILED, ErrorCode.INIT_FAILED)


def test_a_container_that_runs_again_after_a_crash_is_no_problem() -> None:
    again = container(restarts=2, last={"exitCode": 1, "finishedAt": ago(5)}, running={"startedAt": ago(1)})
    observed = seen(Sight(deployment(), pods=(pod(containerStatuses=[again]),)))
    assert (observed.phase, observed.error_code) == (Phase.SCHEDULED, None)


@pytest.mark.parametrize(
    ("reason", "cannot"), [("CreateContainerConfigError", "created"), ("RunContainerError", "started")]
)
def test_a_container_that_cannot_be_made_fails_in_the_kubelets_words(reason: str, cannot: str) -> None:
    waiting = container(waiting={"reason": reason, "message": 'secret "x" not found'})
    observed = seen(Sight(deployment(), pods=(pod(containerStatuses=[waiting]),)))
    assert (observed.phase, observed.error_code) == (Phase.FAILED, ErrorCode.CONTAINER_CONFIG)
    assert observed.cause == f'Container odoo cannot be {cannot}: secret "x" not found.'


def test_a_bad_name_of_an_image_is_told_once() -> None:
    message = 'Failed to apply default image tag "o:o:o": couldn\'t parse image name "o:o:o": invalid reference format'
    waiting = {**container(waiting={"reason": "InvalidImageName", "message": message}), "image": "o:o:o"}
    observed = seen(Sight(deployment(), pods=(pod(containerStatuses=[waiting]),)))
    assert observed.error_code is ErrorCode.IMAGE_PULL
    assert observed.cause == 'Image "o:o:o" is no valid name: invalid reference format.'


def running(since: float, *, restarts: int = 0) -> dict[str, Any]:
    """A pod whose container has run for so long, and is not ready."""
    unready = condition("ContainersReady", "False", since=99, message="containers with unready status: [odoo]")
    started = container(restarts=restarts, running={"startedAt": ago(since)})
    return pod(condition("Initialized", "True"), unready, containerStatuses=[started])


@pytest.mark.parametrize(
    ("runs_for", "code", "cause"),
    [
        (29.0, None, None),
        (
            31.0,
            ErrorCode.NOT_READY,
            "Container odoo runs and is not ready: containers with unready status: [odoo].",
        ),
    ],
)
def test_a_container_that_runs_and_is_not_ready_for_long_is_told(
    runs_for: float, code: ErrorCode | None, cause: str | None
) -> None:
    observed = seen(Sight(deployment(), pods=(running(runs_for),)))
    assert (observed.phase, observed.error_code, observed.cause) == (Phase.SCHEDULED, code, cause)
    assert observed.well is (cause is None)


def test_a_failing_probe_is_told_by_its_event() -> None:
    events = about("acme-pod", Unhealthy="Readiness probe failed: HTTP probe failed with statuscode: 503")
    observed = seen(Sight(deployment(), pods=(running(31),), events=events))
    assert observed.cause == (
        "Container odoo runs and is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503."
    )


def test_between_two_crashes_nothing_else_is_told() -> None:
    observed = seen(Sight(deployment(), pods=(running(31, restarts=1),)))
    assert (observed.cause, observed.well) == (None, False)


STARTING = container(waiting={"reason": "ContainerCreating"})


@pytest.mark.parametrize(
    ("events", "code", "cause"),
    [
        (
            {
                "FailedMount": "Unable to attach or mount volumes: timed out waiting for the condition",
                "FailedAttachVolume": 'AttachVolume.Attach failed for volume "pv-1" : rpc error: code = Internal '
                "desc = no such disk",
            },
            ErrorCode.VOLUME_UNAVAILABLE,
            "The volume cannot be attached: no such disk.",
        ),
        (
            {"FailedMount": 'MountVolume.MountDevice failed for volume "pv-1" : wrong fs type'},
            ErrorCode.VOLUME_UNAVAILABLE,
            "A volume cannot be mounted: wrong fs type.",
        ),
        (
            {"FailedMount": 'MountVolume.SetUp failed for volume "conf" : secret "x" not found'},
            ErrorCode.CONTAINER_CONFIG,
            'A volume cannot be mounted: secret "x" not found.',
        ),
        (
            {"FailedCreatePodSandBox": "Failed to create pod sandbox: no network"},
            None,
            "Failed to create pod sandbox: no network.",
        ),
    ],
)
def test_what_a_pod_waits_for_before_its_containers_is_told_by_events(
    events: dict[str, str], code: ErrorCode | None, cause: str
) -> None:
    waiting = pod(containerStatuses=[STARTING])
    observed = seen(Sight(deployment(), pods=(waiting,), events=about("acme-pod", **events)))
    assert (observed.phase, observed.error_code, observed.cause) == (Phase.SCHEDULED, code, cause)


def test_events_of_a_pod_whose_containers_have_begun_are_over() -> None:
    begun = pod(containerStatuses=[container(running={"startedAt": ago(1)})])
    observed = seen(Sight(deployment(), pods=(begun,), events=about("acme-pod", FailedMount="no")))
    assert (observed.cause, observed.well) == (None, True)


def test_the_newest_living_pod_counts() -> None:
    evicted = pod(phase="Failed", reason="Evicted", message="The node was low on memory")
    waiting = pod(condition("PodScheduled", "False", reason="Unschedulable", message="no room"), node=None)
    assert seen(Sight(deployment(), pods=(evicted, waiting))).cause == "no room."
    assert seen(Sight(deployment(), pods=(evicted,))).cause == "The node was low on memory."


def test_two_looks_at_the_same_are_the_same_and_a_change_is_not() -> None:
    first = Sight(deployment(), pods=(pod(),))
    assert seen(first).seen == seen(first).seen
    assert seen(first).seen != seen(Sight(first.deployment, pods=(pod(),))).seen


def test_what_runs_is_ready() -> None:
    assert observe_running(Sight(deployment(ready=1)), NOW, GRACE).phase is Phase.READY


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (Sight(), "The Deployment is gone."),
        (Sight(deployment(ready=1, deletionTimestamp=ago(1))), "The Deployment is gone."),
        (Sight(deployment(replicas=0)), "The Deployment was scaled to zero."),
    ],
)
def test_what_cannot_come_back_by_itself_is_lost_at_once(found: Sight, cause: str) -> None:
    observed = observe_running(found, NOW, GRACE)
    assert (observed.phase, observed.cause) == (Phase.LOST, cause)


@pytest.mark.parametrize(("since", "phase"), [(29, Phase.SCHEDULED), (31, Phase.LOST)])
def test_what_is_not_ready_any_more_is_lost_after_the_grace(since: float, phase: Phase) -> None:
    found = deployment()
    found["status"]["conditions"] = [condition("Available", "False", since=since)]
    assert observe_running(Sight(found), NOW, GRACE).phase is phase
