"""What is made for an instance has one name for ever, so that a second try finds the first one's work.

The whole id stands in each name: whatever bears it was made for this instance, and two instances never share one.
"""

from uuid import UUID


def database_name(instance_id: UUID) -> str:
    """The database (37 characters; PostgreSQL takes 63)."""
    return f"odoo_{instance_id.hex}"


def role_name(instance_id: UUID) -> str:
    """The role that owns the database."""
    return f"odoo_{instance_id.hex}"


def dedicated_server_id(instance_id: UUID) -> str:
    """The dedicated server: 35 characters; Kubernetes takes 52 for a StatefulSet, whose pods' labels add a hash."""
    return f"pg-{instance_id.hex}"
