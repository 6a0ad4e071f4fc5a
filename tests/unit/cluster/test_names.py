"""Names and labels: deterministic, valid, and never another attempt's."""

import re
from dataclasses import replace

import pytest

from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE
from cluster.names import adopted_labels, attempt_labels, attempt_name, object_names, server_name
from schemas.payloads import AdoptedObjects
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


def test_an_adopted_instances_objects_keep_their_names() -> None:
    adopted = AdoptedObjects(deployment="odoo-shop", claims=("files", "addons"), services=("web",))
    names = object_names(replace(instance(), adopted=adopted))
    assert names == {DEPLOYMENT: ("odoo-shop",), CLAIM: ("files", "addons"), SERVICE: ("web",), SECRET: ()}
    own = attempt_name(instance())
    assert set(object_names(instance()).values()) == {(own,)}


def test_adopted_objects_get_no_label_that_others_select_by() -> None:
    assert all(key.startswith("reprise.dev/") for key in adopted_labels("reprise", instance()))
