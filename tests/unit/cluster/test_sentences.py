"""The cluster's messages, shortened without loss of what matters."""

import pytest

from cluster.sentences import forbidden, plain, unschedulable


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {a: b}. "
            "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {a: b}.",
        ),
        (
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        ),
        (
            '0/1 nodes are available: persistentvolumeclaim "x" not found. preemption: no.',
            '0/1 nodes are available: persistentvolumeclaim "x" not found.',
        ),
        ("no nodes available to schedule pods", "no nodes available to schedule pods."),
    ],
)
def test_the_scheduler(said: str, told: str) -> None:
    assert unschedulable(said) == told


def test_a_forbidden_pod() -> None:
    assert forbidden('Error creating: pods "a-b" is forbidden: no') == "no."


def test_any_other_message_is_one_clean_sentence() -> None:
    assert plain(" two\nlines\x00 ") == "two lines."
    assert plain("done!") == "done!"
    assert plain("") == ""
