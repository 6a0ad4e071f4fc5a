"""The database-service's own tables: the servers it may use, and which database each instance has."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

metadata = MetaData()
_Time = DateTime(timezone=True)

database_servers = Table(
    "database_servers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("host", Text, comment="NULL: a dedicated server that is not ready yet"),
    Column("port", Integer),
    Column("username", Text, comment="the administrator; a dedicated server's stands in its Secret"),
    Column("password", Text, comment="encrypted"),
    Column("capacity", Integer, nullable=False, comment="how many databases it may hold"),
    Column("drained", Boolean, nullable=False, server_default=text("false"), comment="takes no further database"),
    Column("created_at", _Time, nullable=False, server_default=func.now()),
    Column("updated_at", _Time, nullable=False, server_default=func.now()),
    CheckConstraint("kind IN ('shared', 'dedicated', 'foreign')", name="server_kind_is_known"),
    CheckConstraint(
        "kind <> 'shared' OR num_nulls(host, port, username, password) = 0", name="shared_server_is_complete"
    ),
)

databases = Table(
    "databases",
    metadata,
    Column("instance_id", Uuid, primary_key=True),
    Column("customer_id", Text),
    Column("db_type", Text),
    Column("adopted", Boolean, nullable=False, server_default=text("false"), comment="was there before Reprise"),
    Column("db_server_id", Text, ForeignKey("database_servers.id", ondelete="SET NULL")),
    Column("database", Text),
    Column("username", Text),
    Column("password", Text, comment="encrypted; NULL once the role is removed"),
    Column("state", Text, nullable=False),
    Column("emptied_for_attempt", Integer, nullable=False, server_default=text("0")),
    Column("created_at", _Time, nullable=False, server_default=func.now()),
    Column("allocated_at", _Time, comment="when its password was last handed out"),
    Column("released_at", _Time, comment="when the tombstone was written: from then on it is refused"),
    Column("removed_at", _Time, comment="when all of it was seen to be gone"),
    CheckConstraint("state IN ('intent', 'allocated', 'released')", name="database_state_is_known"),
    CheckConstraint(
        "state = 'released' OR num_nulls(customer_id, db_type, db_server_id, database, username, password) = 0",
        name="database_is_complete",
    ),
    CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name="tombstone_has_its_time"),
    Index(
        "databases_are_not_shared", "db_server_id", "database", unique=True, postgresql_where=text("removed_at IS NULL")
    ),
    Index(
        "dedicated_servers_are_not_shared", "db_server_id", unique=True, postgresql_where=text("db_type = 'dedicated'")
    ),
    Index("databases_that_take_a_place", "db_server_id", postgresql_where=text("removed_at IS NULL")),
)
