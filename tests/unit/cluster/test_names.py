"""Names and labels: deterministic, valid, and never another attempt's."""

import re
from dataclasses import replace

import pytest

from cluster.names import attempt_labels, attempt_name, server_name
from tests.unit.cluster.objects import INSTANCE_ID, instance

SERVICE_NAME = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
LABEL_VALUE = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")


@pytest.mark.parametrize("name", ["acme", "a", "1st-customer", "a" * 63, "a" * 31 + "-b", "9"])
@pytest.mark.parametrize("attempt", [1, 999_999])
def test_every_instance_name_gives_a_valid_object_name(name: str, attempt: int) -> None:
    found = attempt_name(replace(instance(), name=name, attempt=attempt))
    assert SERVICE_NAME.match(found), found
    assert found.endswith(f"-111111112222-{attempt}")


def test_attempts_never_share_a_name() -> None:
    one = instance()
    assert attempt_name(one) != attempt_name(replace(one, attempt=2))
    assert attempt_name(one) != attempt_name(replace(one, id=one.job_id))


def test_the_database_server_is_the_same_for_all_attempts() -> None:
    assert server_name(INSTANCE_ID) == "db-111111112222"


def test_labels_are_valid_and_tell_installation_instance_and_attempt() -> None:
    labels = attempt_labels("reprise", instance())
    assert all(LABEL_VALUE.match(value) for value in labels.values())
    assert labels["reprise.dev/installation"] == "reprise"
    assert labels["reprise.dev/instance"] == str(INSTANCE_ID)
    assert labels["reprise.dev/attempt"] == "1"
    assert labels["app.kubernetes.io/managed-by"] == "reprise"
