"""What the kubelet reports of a container, step by step."""

from typing import Any

import pytest

from embedded.simulated.kubelet import container as containers
from embedded.simulated.kubelet.container import Container, State
from embedded.simulated.kubelet.pace import Pace

PACE = Pace(init=3.0, start=2.0, backoff=10.0)


def _container(image: str, *, is_init: bool = False, restarts: str = "Always") -> Container:
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"restartPolicy": restarts}}
    return Container(pod, {"name": "c", "image": image}, is_init)


def _steps(found: Container, count: int, problem: str | None = None) -> list[tuple[State, float | None]]:
    state, steps = containers.waiting(found, "ContainerCreating"), []
    for _ in range(count):
        state, delay = containers.step(found, state, PACE, problem)
        steps.append((state, delay))
    return steps


def _words(steps: list[tuple[State, float | None]]) -> list[str]:
    return [_word(state["state"]) for state, _ in steps]


def _word(state: dict[str, Any]) -> str:
    ((kind, content),) = state.items()
    return str(content.get("reason", kind))


def test_an_ordinary_container_runs_for_good() -> None:
    ((state, delay),) = _steps(_container("odoo"), 1)
    assert (_word(state["state"]), state["ready"], delay) == ("running", True, None)


def test_a_missing_image_is_pulled_again_and_again() -> None:
    steps = _steps(_container("missing:1"), 3)
    assert _words(steps) == ["ErrImagePull", "ImagePullBackOff", "ErrImagePull"]
    assert steps[1][0]["state"]["waiting"]["message"].startswith('Back-off pulling image "missing:1": ErrImagePull: ')


def test_a_crashing_container_waits_longer_each_time() -> None:
    steps = _steps(_container("crash"), 6)
    assert _words(steps) == ["running", "Error", "CrashLoopBackOff"] * 2
    assert [steps[index][1] for index in (2, 5)] == [10.0, 20.0]
    last = steps[5][0]
    assert last["restartCount"] == 2
    assert last["lastState"]["terminated"]["exitCode"] == 1
    assert last["state"]["waiting"]["message"] == "back-off 20s restarting failed container=c pod=p_n(u)"
    assert not last["ready"]


@pytest.mark.parametrize(("image", "words"), [("crash", ["running", "Completed"]), ("crashinit", ["running", "Error"])])
def test_an_init_container_fails_only_where_its_image_says_init(image: str, words: list[str]) -> None:
    assert _words(_steps(_container(image, is_init=True), 2)) == words


def test_each_name_says_one_thing() -> None:
    assert _words(_steps(_container("invalid:1"), 2)) == ["InvalidImageName"] * 2
    assert _words(_steps(_container("oomkill"), 3)) == ["running", "OOMKilled", "CrashLoopBackOff"]
    ((state, _),) = _steps(_container("unready"), 1)
    assert (_word(state["state"]), state["ready"]) == ("running", False)
    assert _steps(_container("odoo:init-20s", is_init=True), 1)[0][1] == 20.0
    assert PACE.start_of(["odoo:start-20s", "other"]) == 20.0
    assert PACE.start_of(["odoo", "other"]) == PACE.start


def test_a_pod_that_is_not_restarted_ends() -> None:
    steps = _steps(_container("odoo", restarts="Never"), 2)
    assert _words(steps) == ["running", "Completed"]
    assert containers.is_finished(_container("odoo", restarts="Never"), steps[1][0])


def test_without_its_secret_a_container_is_not_created() -> None:
    ((state, delay),) = _steps(_container("odoo"), 1, 'secret "s" not found')
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}
    assert (state["state"], delay) == ({"waiting": waiting}, PACE.retry)
