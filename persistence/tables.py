"""The tables, as SQLAlchemy knows them; the generated columns are made from the state machine's own table."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from statemachine.states import MEANINGS

metadata = MetaData()
_Time = DateTime(timezone=True)


def derived(column: str) -> str:
    """SQL for a generated column: the word that people see, out of the one state."""
    words: dict[str, list[str]] = {}
    for state, meaning in MEANINGS.items():
        words.setdefault(getattr(meaning, column), []).append(f"'{state.value}'")
    cases = " ".join(f"WHEN state IN ({', '.join(states)}) THEN '{word}'" for word, states in words.items())
    return f"CASE {cases} END"


_STATES = ", ".join(f"'{state.value}'" for state in MEANINGS)

instances = Table(
    "instances",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("request", JSONB, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, Computed(derived("status"), persisted=True), nullable=False),
    Column("provisioning_status", Text, Computed(derived("provisioning_status"), persisted=True), nullable=False),
    Column("state_since", _Time, nullable=False),
    Column("queued_at", _Time),
    Column("attempt", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("has_run", Boolean, nullable=False),
    Column("held_at", _Time),
    Column("waiting_job_id", Uuid),
    Column("cause", Text),
    Column("cause_code", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("failed_state", Text),
    Column("failed_by", Text),
    Column("verifying", Boolean, nullable=False),
    Column("init_began", Boolean, nullable=False),
    Column("avertable", Boolean, nullable=False),
    Column("applied_at", _Time),
    Column("deadline_at", _Time),
    Column("overdue", Integer, nullable=False),
    Column("auto_retries", Integer, nullable=False),
    Column("database", JSONB),
    Column("adopted", JSONB, comment="what the objects of an adopted instance are called"),
    Column("sequence", Integer, nullable=False, comment="of the last row in the audit log"),
    Column("chain", LargeBinary, nullable=False, comment="hash of the last row in the audit log"),
    CheckConstraint(f"state IN ({_STATES})", name="state_is_known"),
    CheckConstraint(
        "NOT has_run OR state NOT IN ('cleaning_up', 'cleaning_up_before_retry', 'pending', 'error', "
        "'allocating_database', 'deploying', 'initializing')",
        name="what_has_run_is_never_cleaned_up",
    ),
    Index("instances_by_age", text("created_at DESC"), text("id DESC")),
    Index("instances_by_customer", "customer_id", text("created_at DESC"), text("id DESC")),
    Index("instances_name_is_unique", "customer_id", "name", unique=True, postgresql_where=text("state <> 'deleted'")),
    Index("instances_queue", "queued_at", "id", postgresql_where=text("state = 'pending'")),
    Index(
        "instances_in_motion",
        "id",
        postgresql_where=text("state NOT IN ('running', 'stopped', 'error', 'deleted', 'trashed')"),
    ),
    postgresql_with={"fillfactor": "80"},
)

event_ids = Table(
    "event_ids",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("instance_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    comment="every event that was ever decided; outlives the archiving of the audit log",
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("instance_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("recorded_at", _Time, nullable=False),
    Column("type", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempt", Integer),
    Column("step", Integer),
    Column("state_before", Text, nullable=False),
    Column("state_after", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error_code", Text),
    Column("error", Text),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("event", LargeBinary, nullable=False, comment="the exact bytes that were hashed"),
    Column("policy", LargeBinary, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("instance_id", "sequence"),
    CheckConstraint("outcome IN ('applied', 'stale', 'rejected')", name="outcome_is_known"),
    Index("audit_log_by_time", "recorded_at", "instance_id", "sequence"),
    Index("audit_log_by_customer", "customer_id", "recorded_at", "instance_id", "sequence"),
    Index("audit_log_by_job", "correlation_id"),
    Index(
        "audit_log_failures",
        "error_code",
        "recorded_at",
        "instance_id",
        "sequence",
        postgresql_where=text("error_code IS NOT NULL"),
        postgresql_include=["customer_id"],
    ),
    Index(
        "audit_log_unapplied",
        "outcome",
        "recorded_at",
        "instance_id",
        "sequence",
        postgresql_where=text("outcome <> 'applied'"),
    ),
    Index(
        "audit_log_setbacks",
        "recorded_at",
        "instance_id",
        postgresql_where=text("type IN ('deploy.lost', 'deploy.timeout', 'init.timeout')"),
    ),
)

brakes = Table(
    "brakes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("engaged_at", _Time, nullable=False),
    Column("why", Text, nullable=False),
    Column("released_at", _Time),
    Column("released_by", Text),
    Column("reason", Text),
    Index("brakes_one_is_on", text("(true)"), unique=True, postgresql_where=text("released_at IS NULL")),
)

rebuilds = Table(
    "rebuilds",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("swapped_at", _Time, nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False, comment="who ran the command, as the operating system knows them"),
    Column("database_user", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("instances", Integer, nullable=False, comment="rows of the table afterwards"),
    Column("differed", Integer, nullable=False, comment="rows that were not as the audit log has it"),
    Column("kept", Integer, nullable=False, comment="rows taken over as they were: their trails are broken"),
    Column("left_out", Integer, nullable=False, comment="instances with a broken trail and no row to keep"),
    Column("timers", Integer, nullable=False, comment="put back into the outbox"),
    Column("restored", Integer, nullable=False, comment="rows put back into the audit log, out of a file"),
    comment="every time that the table instances was swapped for one made from the audit log",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("instance_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("timer", Boolean, nullable=False),
    Column("sent", Integer, nullable=False, server_default=text("0"), comment="how often a timer has been sent"),
    Column("available_at", _Time, nullable=False, server_default=func.now()),
    Index("outbox_by_time", "available_at", "id"),
    Index("outbox_timers", "instance_id", postgresql_where=text("timer")),
)

bulk_retries = Table(
    "bulk_retries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Text, comment="to whose instances it is narrowed; NULL: an admin's"),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("change", JSONB, nullable=False, comment="of the request of each"),
    Column("rate", Text, nullable=False),
    Column("stop_share", Float, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text),
    Column("paused_at", _Time),
    Column("ended_at", _Time, comment="nothing more is to be begun, and of all that was begun the outcome is known"),
    CheckConstraint("state IN ('canary', 'following', 'completed', 'stopped', 'aborted')", name="bulk_state_is_known"),
    Index("bulk_retries_by_age", text("created_at DESC"), "id"),
    Index("bulk_retries_unended", "created_at", postgresql_where=text("ended_at IS NULL")),
)

bulk_retry_items = Table(
    "bulk_retry_items",
    metadata,
    Column("bulk_retry_id", Uuid, ForeignKey("bulk_retries.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("instance_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False, comment="of the retry: uuid5 of bulk retry and instance"),
    Column("attempt", Integer, nullable=False, comment="that had failed when it was chosen"),
    Column("error_code_before", Text),
    Column("sent_at", _Time),
    Column("outcome", Text, comment="as the audit log has it"),
    Column("error_code", Text),
    Column("error", Text),
    PrimaryKeyConstraint("bulk_retry_id", "instance_id"),
    CheckConstraint("outcome IN ('verified', 'failed', 'skipped')", name="item_outcome_is_known"),
    Index("bulk_retry_items_in_order", "bulk_retry_id", "position", unique=True),
)

audit_archives = Table(
    "audit_archives",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", _Time, nullable=False),
    Column("archived_at", _Time, nullable=False, server_default=func.now()),
    Column("manifest", JSONB, nullable=False, comment="signed"),
    comment="files into which trails were moved; written before the first row is removed",
)

audit_archived = Table(
    "audit_archived",
    metadata,
    Column("instance_id", Uuid, primary_key=True),
    Column("archive_id", Uuid, ForeignKey("audit_archives.id"), nullable=False),
    Column("sequence", Integer, nullable=False, comment="of the last row"),
    Column("hash", LargeBinary, nullable=False),
    comment="instances whose trail stands in an archive and no more in the log",
)

audit_exports = Table(
    "audit_exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("filters", JSONB, nullable=False),
    Column("begun_at", _Time, nullable=False),
    Index("audit_exports_by_age", text("begun_at DESC"), text("id DESC")),
    comment="who asked for which part of the audit log, and why; written before the first row is sent",
)

audit_export_ends = Table(
    "audit_export_ends",
    metadata,
    Column("export_id", Uuid, ForeignKey("audit_exports.id"), primary_key=True),
    Column("ended_at", _Time, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("manifest", JSONB, nullable=False, comment="signed"),
    comment="exports of which the last row was sent; the others broke off",
)

audit_verifications = Table(
    "audit_verifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("ended_at", _Time, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("instances", Integer, nullable=False),
    Column("differing", Integer, nullable=False),
    Column("differences", JSONB, nullable=False, comment="the first of them"),
    Column("checkpoints", Integer, nullable=False, comment="so many the log was compared with"),
    Column("up_to", Integer, comment="the number of the last of them"),
    Index("audit_verifications_by_age", text("ended_at DESC"), text("id DESC")),
    comment="comparisons of the whole log with the checkpoints: who made them, and what differed",
)

replays = Table(
    "replays",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("subject", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("rate", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("created_at", _Time, nullable=False),
    Index("replays_by_age", text("created_at DESC"), "id"),
    comment="past events that were to be sent again: who wanted which, where to and why",
)

replay_acts = Table(
    "replay_acts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("replay_id", Uuid, ForeignKey("replays.id"), nullable=False),
    Column("at", _Time, nullable=False),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sent", Integer, nullable=False, comment="how many events had been sent by then"),
    CheckConstraint("act IN ('stopped', 'resumed', 'completed')", name="act_is_known"),
    Index("replay_acts_in_order", "replay_id", "id"),
)

replay_progress = Table(
    "replay_progress",
    metadata,
    Column("replay_id", Uuid, ForeignKey("replays.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("sent_at", _Time),
    Column("why", Text),
    CheckConstraint("state IN ('sending', 'stopped', 'completed')", name="replay_state_is_known"),
    Index("replay_progress_sending", "replay_id", postgresql_where=text("state = 'sending'")),
)

replay_items = Table(
    "replay_items",
    metadata,
    Column("replay_id", Uuid, nullable=False),  # no foreign key: it would be checked for each of a million rows
    Column("position", Integer, nullable=False),
    Column("instance_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    PrimaryKeyConstraint("replay_id", "position"),
    comment="the events of a replay, chosen when it began; gone once all are sent",
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("id", Uuid, primary_key=True, comment="uuid5 of caller, route and key"),
    Column("body_hash", LargeBinary, nullable=False),
    Column("created_at", _Time, nullable=False, server_default=func.now()),
)
