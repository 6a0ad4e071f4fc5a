"""The cluster's messages, shortened without loss of what matters."""

import pytest

from cluster.sentences import last_line, plain, podless, refused, unmounted, unschedulable


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


@pytest.mark.parametrize(
    "said",
    [
        'pods "a-b" is forbidden: no',
        'Error creating: pods "a-b" is forbidden: no',
        'Failed to create new replica set "a-1f2e": replicasets.apps "a-1f2e" is forbidden: no',
        "Error creating: no",
    ],
)
def test_a_pod_that_is_not_made(said: str) -> None:
    assert podless(said) == "The cluster makes no pod: no."


def test_a_refusal() -> None:
    assert refused('services "a" is forbidden: no') == 'The cluster refuses it: services "a" is forbidden: no.'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('AttachVolume.Attach failed for volume "pv-1" : rpc error: code = Internal desc = no disk', "no disk"),
        ('MountVolume.SetUp failed for volume "conf" : secret "x" not found', 'secret "x" not found'),
        (
            'Multi-Attach error for volume "pv-1" Volume is in use',
            'Multi-Attach error for volume "pv-1" Volume is in use',
        ),
    ],
)
def test_a_volume_that_is_not_there(said: str, told: str) -> None:
    assert unmounted(said) == told


def test_the_last_words_of_a_program_are_its_last_line() -> None:
    assert last_line("Traceback\n  …\nKeyError: 'x'\n\n") == "KeyError: 'x'"
    assert last_line("") == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no route to postgresql://odoo:hunter2@db:5432/odoo", "no route to postgresql://odoo:…@db:5432/odoo."),
        ("db_password = hunter2 is wrong", "db_password = … is wrong."),
        ("Password: hunter2", "Password: …"),
        ("GET https://r.example/blob?sig=abc&x=1: 403", "GET https://r.example/blob?…: 403."),
        ('password authentication failed for user "odoo"', 'password authentication failed for user "odoo".'),
    ],
)
def test_no_secret_is_told(said: str, told: str) -> None:
    assert plain(said) == told


def test_any_other_message_is_one_clean_sentence() -> None:
    assert plain(" two\nlines\x00 ") == "two lines."
    assert plain("done!") == "done!"
    assert plain("") == ""
