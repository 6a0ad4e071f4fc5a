"""What the objects of an instance are called and which labels they carry: from these alone they are found again."""

from typing import Final
from uuid import UUID

from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, SECRET, SERVICE, Kind
from statemachine.instance import Instance

INSTALLATION: Final = "reprise.dev/installation"
INSTANCE: Final = "reprise.dev/instance"
ATTEMPT: Final = "reprise.dev/attempt"
CUSTOMER: Final = "reprise.dev/customer"
ROLE: Final = "reprise.dev/role"
ADOPTED: Final = "reprise.dev/adopted"
"""A label of what was there before Reprise: it is removed with its instance, and never as an orphan."""

STEP: Final = "reprise.dev/step"
"""An annotation of the Deployment: the step whose deploy.apply it was last applied by."""

NEEDS: Final = "reprise.dev/needs"
"""An annotation of the Deployment: the kinds of which there must be an object beside it, separated by commas."""

ODOO: Final = "odoo"
DATABASE: Final = "database"
_READABLE = 32  # of the instance's name; with id and attempt it stays below the 63 characters of a DNS label


def attempt_name(instance: Instance) -> str:
    """The name of all objects of the present attempt, which stays the same once the instance has run.

    A Service's name must begin with a letter (RFC 1035), an instance's need not.
    """
    return f"{_stem(instance)}-{instance.attempt}"


def object_names(instance: Instance) -> dict[Kind, tuple[str, ...]]:
    """What the objects of the present attempt are called, by kind; those of an adopted instance as they were found."""
    adopted = instance.adopted
    if adopted is None:
        return dict.fromkeys((DEPLOYMENT, CLAIM, SERVICE, SECRET, INGRESS), (attempt_name(instance),))
    deployment = (adopted.deployment,) if adopted.deployment else ()
    return {DEPLOYMENT: deployment, CLAIM: adopted.claims, SERVICE: adopted.services, SECRET: adopted.secrets}


def certificate_name(instance: Instance) -> str:
    """The name of the Secret that the certificate of its host is kept in, over all attempts."""
    return f"{_stem(instance)}-tls"


def server_name(instance_id: UUID) -> str:
    """The name of the objects of a dedicated database server, which all attempts share."""
    return f"db-{instance_id.hex[:12]}"


def attempt_labels(installation: str, instance: Instance) -> dict[str, str]:
    """The labels of the present attempt's objects."""
    return {
        **labels(installation, instance.id, ODOO),
        "app.kubernetes.io/name": "odoo",
        "app.kubernetes.io/instance": attempt_name(instance),
        "app.kubernetes.io/managed-by": "reprise",
        CUSTOMER: instance.customer_id,
        ATTEMPT: str(instance.attempt),
    }


def adopted_labels(installation: str, instance: Instance) -> dict[str, str]:
    """The labels of an adopted instance's objects: Reprise's own alone, since others select by what was there."""
    return {
        **labels(installation, instance.id, ODOO),
        CUSTOMER: instance.customer_id,
        ATTEMPT: str(instance.attempt),
        ADOPTED: "true",
    }


def _stem(instance: Instance) -> str:
    readable = instance.name[:_READABLE].rstrip("-")
    prefix = "" if readable[0].isalpha() else "odoo-"
    return f"{prefix}{readable}-{instance.id.hex[:12]}"


def labels(installation: str, instance_id: UUID, role: str) -> dict[str, str]:
    """The labels by which all objects of an instance in one role are selected, whichever attempt made them."""
    return {INSTALLATION: installation, INSTANCE: str(instance_id), ROLE: role}


def selector(wanted: dict[str, str]) -> str:
    """Labels as the API's selector has them."""
    return ",".join(f"{key}={value}" for key, value in wanted.items())
