"""The database-service's own tables: the servers it may use, and which database each instance has."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE database_servers (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    host TEXT,
    port INTEGER,
    username TEXT,
    password TEXT,
    capacity INTEGER NOT NULL,
    drained BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT server_kind_is_known CHECK (kind IN ('shared', 'dedicated', 'foreign')),
    CONSTRAINT shared_server_is_complete CHECK (kind <> 'shared' OR num_nulls(host, port, username, password) = 0)
)
;
COMMENT ON COLUMN database_servers.host IS 'NULL: a dedicated server that is not ready yet'
;
COMMENT ON COLUMN database_servers.username IS 'the administrator; a dedicated server''s stands in its Secret'
;
COMMENT ON COLUMN database_servers.password IS 'encrypted'
;
COMMENT ON COLUMN database_servers.capacity IS 'how many databases it may hold'
;
COMMENT ON COLUMN database_servers.drained IS 'takes no further database'
;
CREATE TABLE databases (
    instance_id UUID NOT NULL,
    customer_id TEXT,
    db_type TEXT,
    adopted BOOLEAN DEFAULT false NOT NULL,
    db_server_id TEXT,
    database TEXT,
    username TEXT,
    password TEXT,
    state TEXT NOT NULL,
    emptied_for_attempt INTEGER DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    allocated_at TIMESTAMP WITH TIME ZONE,
    released_at TIMESTAMP WITH TIME ZONE,
    removed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (instance_id),
    CONSTRAINT database_state_is_known CHECK (state IN ('intent', 'allocated', 'released')),
    CONSTRAINT database_is_complete CHECK (
        state = 'released' OR num_nulls(customer_id, db_type, db_server_id, database, username, password) = 0
    ),
    CONSTRAINT tombstone_has_its_time CHECK ((state = 'released') = (released_at IS NOT NULL)),
    FOREIGN KEY(db_server_id) REFERENCES database_servers (id) ON DELETE SET NULL
)
;
CREATE UNIQUE INDEX databases_are_not_shared ON databases (db_server_id, database) WHERE removed_at IS NULL
;
CREATE UNIQUE INDEX dedicated_servers_are_not_shared ON databases (db_server_id) WHERE db_type = 'dedicated'
;
CREATE INDEX databases_that_take_a_place ON databases (db_server_id) WHERE removed_at IS NULL
;
COMMENT ON COLUMN databases.adopted IS 'was there before Reprise'
;
COMMENT ON COLUMN databases.password IS 'encrypted; NULL once the role is removed'
;
COMMENT ON COLUMN databases.allocated_at IS 'when its password was last handed out'
;
COMMENT ON COLUMN databases.released_at IS 'when the tombstone was written: from then on it is refused'
;
COMMENT ON COLUMN databases.removed_at IS 'when all of it was seen to be gone'
"""


def upgrade() -> None:
    """One statement at a time, since asyncpg prepares each."""
    for statement in TABLES.split("\n;\n"):
        op.execute(statement)
