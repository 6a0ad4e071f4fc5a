"""What is made for an instance has one name for ever, so that a second try finds the first one's work.

The whole id stands in the names on shared servers: whatever bears it was made for this instance and for no other.
"""

from uuid import UUID


def database_name(instance_id: UUID) -> str:
    """The database (37 characters; PostgreSQL takes 63)."""
    return f"odoo_{instance_id.hex}"


def role_name(instance_id: UUID) -> str:
    """The role that owns the database."""
    return f"odoo_{instance_id.hex}"


def dedicated_server_id(instance_id: UUID) -> str:
    """The dedicated server, as its objects in the cluster are called, so that people find one by the other."""
    return f"db-{instance_id.hex[:12]}"
