"""`reprise audit archive`: long-deleted instances leave the log for signed files, and nothing else does."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from bus.connection import connected, jetstream
from consumers import checkpointing
from persistence import archiving as moving
from persistence.checkpoints.taking import Taker
from persistence.engine import make_engine
from persistence.signing import Signer, new_key
from persistence.writer import Writer
from schemas.events import Actor, Event, wish
from schemas.payloads import DeleteRequested, Nothing, ProvisionRequested, Receipt
from schemas.requests import Closed
from schemas.settings import Settings
from schemas.types import EventType as E
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.integration.cli.conftest import Reprise

ALICE = Actor("cli", "alice")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CUT = "2026-02-01T00:00:00Z"
LATER = datetime(2026, 3, 1, tzinfo=UTC)
WHY = ("--before", CUT, "--reason", "kept for a month", "--yes")


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


async def _begun(writer: Writer, name: str) -> Instance:
    data = ProvisionRequested(customer_id="acme", name=name)
    [result] = await writer.apply([wish(E.PROVISION_REQUESTED, uuid4(), ALICE, datetime.now(UTC), data)])
    assert result.instance is not None
    return result.instance


async def _wish(writer: Writer, kind: E, instance_id: UUID, data: Closed | None = None) -> Instance:
    [result] = await writer.apply([wish(kind, instance_id, ALICE, datetime.now(UTC), data or Nothing())])
    assert result.instance is not None
    return result.instance


async def _deleted(writer: Writer, name: str) -> UUID:
    identity = (await _begun(writer, name)).id
    await _wish(writer, E.CANCEL_REQUESTED, identity)
    now = await _wish(writer, E.DELETE_REQUESTED, identity, DeleteRequested())
    by = Actor("watcher", "watcher")
    done = Receipt(objects=())
    fact = Event(uuid4(), E.DELETE_COMPLETED, identity, datetime.now(UTC), by, done, now.job_id, now.attempt, now.step)
    [result] = await writer.apply([fact])
    assert result.instance is not None
    assert result.instance.state == "deleted"
    return identity


@pytest.fixture
def settings(database: str, nats_url: str, monkeypatch: pytest.MonkeyPatch, nowhere: Path) -> Settings:
    key = new_key()
    monkeypatch.setenv("REPRISE_DATABASE_URL", database)
    monkeypatch.setenv("REPRISE_NATS_URL", nats_url)
    monkeypatch.setenv("REPRISE_AUDIT_SIGNING_KEY", key)
    return Settings(database_url=database, nats_url=nats_url, audit_signing_key=key)


@pytest.fixture
def instances(settings: Settings) -> dict[str, UUID]:
    """By name: two that were deleted long ago, one that lives since, one deleted lately, one touched lately."""

    async def made() -> dict[str, UUID]:
        engine, clock = make_engine(settings.database_url), Clock(LONG_AGO)
        writer = Writer(engine, Policy(), clock=clock)
        found = {name: await _deleted(writer, name) for name in ("gone-1", "gone-2", "touched")}
        found["alive"] = (await _begun(writer, "alive")).id
        clock.now = LATER
        found["late"] = await _deleted(writer, "late")
        await _wish(writer, E.RETRY_REQUESTED, found["touched"])
        await engine.dispose()
        return found

    return asyncio.run(made())


def checkpoint(settings: Settings, taker: Taker) -> None:
    async def take() -> None:
        async with connected(settings, "test") as client:
            await checkpointing.take(settings, taker, jetstream(client))

    asyncio.run(take())


def taker_of(settings: Settings) -> Taker:
    signer = Signer.of(settings)
    assert signer is not None
    return Taker(settings.database_url, signer, "reprise")


def ask(settings: Settings, query: str, *values: Any) -> list[Any]:
    async def asked() -> list[Any]:
        connection = await asyncpg.connect(settings.database_url)
        try:
            return [row[0] for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    return asyncio.run(asked())


def names(settings: Settings) -> set[str]:
    """Of the instances that have a trail, which are those that have a record."""
    with_trail = ask(settings, "SELECT DISTINCT instance_id FROM audit_log")
    assert set(with_trail) == set(ask(settings, "SELECT id FROM instances"))
    return set(ask(settings, "SELECT name FROM instances"))


def test_what_was_deleted_long_ago_leaves_the_log_for_files_that_hold(
    run: Reprise, settings: Settings, instances: dict[str, UUID], nowhere: Path
) -> None:
    taker = taker_of(settings)
    checkpoint(settings, taker)
    rows = len(ask(settings, "SELECT 1 FROM audit_log WHERE instance_id = $1", instances["gone-1"]))
    said = run("audit", "archive", "--before", CUT, "--reason", "look", "--dry-run")
    assert said.out.startswith(f"{2 * rows} rows of 2 instances, deleted and last touched before ")
    assert list(nowhere.iterdir()) == []

    said = run("audit", "archive", "--output", "old.jsonl", *WHY)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(f"{2 * rows} rows of 2 instances moved to old.jsonl, out of the log.\n")
    assert names(settings) == {"touched", "alive", "late"}
    assert {json.loads(line)["instance_id"] for line in (nowhere / "old.jsonl").read_text().splitlines()} == {
        str(instances["gone-1"]),
        str(instances["gone-2"]),
    }
    assert len(ask(settings, "SELECT 1 FROM event_ids WHERE instance_id = $1", instances["gone-1"])) == rows
    assert ask(settings, "SELECT reason FROM audit_archives") == ["kept for a month"]
    assert set(ask(settings, "SELECT instance_id FROM audit_archived")) == {instances["gone-1"], instances["gone-2"]}

    assert run("audit", "verify", "old.jsonl").code == 0
    decided = run("replay", "verify", "--file", "old.jsonl")
    assert decided.out.startswith(f"{2 * rows} rows of 2 instances decided again in ")
    assert decided.out.endswith(" s. Rows and hashes agree.\n")
    assert run("replay", "verify", "--all").code == 0
    checkpoint(settings, taker)
    checkpoint(settings, taker_of(settings))
    assert run("audit", "verify", "--archive", "old.jsonl").out.endswith("\n")
    assert run("audit", "verify", "--archive", "old.jsonl").code == 0
    without = json.loads(run("audit", "verify", "-o", "json").out)
    assert {each["instance_id"] for each in without["differences"]} == {
        str(instances["gone-1"]),
        str(instances["gone-2"]),
    }
    assert run("audit", "archive", "--output", "again.jsonl", *WHY).out.startswith("0 rows of 0 instances,")


def test_a_log_that_does_not_hold_is_not_archived(
    run: Reprise, settings: Settings, instances: dict[str, UUID], nowhere: Path
) -> None:
    tampered = "UPDATE audit_log SET actor = 'cli:eve' WHERE instance_id = $1 AND sequence = 2 RETURNING 1"
    ask(settings, "ALTER TABLE audit_log DISABLE TRIGGER append_only")
    ask(settings, tampered, instances["gone-1"])
    ask(settings, "ALTER TABLE audit_log ENABLE TRIGGER append_only")
    said = run("audit", "archive", "--output", "old.jsonl", *WHY)
    assert said.code == 1
    assert f"Nothing was archived: instance {instances['gone-1']}, row 2: changed after it was recorded" in said.err
    assert list(nowhere.iterdir()) == []
    assert names(settings) == set(instances)


def test_what_is_touched_while_it_is_archived_stays(
    run: Reprise, settings: Settings, instances: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the snapshot and the removal a wish arrives; it is refused, and leaves a row."""

    def meanwhile(do: Callable[..., Any]) -> Callable[..., Any]:
        async def remove(*arguments: Any) -> Any:
            engine = make_engine(settings.database_url)
            await _wish(Writer(engine, Policy()), E.RETRY_REQUESTED, instances["gone-1"])
            await engine.dispose()
            return await do(*arguments)

        return remove

    monkeypatch.setattr(moving, "remove", meanwhile(moving.remove))
    said = run("audit", "archive", "--output", "old.jsonl", *WHY)
    assert said.code == 0, said.err
    assert said.out.endswith("1 instance was touched meanwhile, and not removed.\n")
    assert names(settings) == {"gone-1", "touched", "alive", "late"}
    assert run("replay", "verify", "--all").code == 0


def test_the_trigger_is_on_again_and_nobody_removes_what_no_archive_has(
    run: Reprise, settings: Settings, instances: dict[str, UUID]
) -> None:
    assert run("audit", "archive", "--output", "old.jsonl", *WHY).code == 0
    for statement in (
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = 'x'",
        "TRUNCATE audit_log",
        "DELETE FROM audit_archived",
        "UPDATE audit_archives SET reason = 'x'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            ask(settings, statement)
    [archive] = ask(settings, "SELECT id FROM audit_archives")
    tip = "SELECT ARRAY[sequence] FROM instances WHERE id = $1", "SELECT ARRAY[chain] FROM instances WHERE id = $1"
    sequences, hashes = (ask(settings, query, instances["alive"])[0] for query in tip)
    ids = [instances["alive"]]
    assert ask(settings, "SELECT remove_archived($1, $2, $3, $4)", archive, ids, sequences, hashes) == [[]]
    assert names(settings) == {"touched", "alive", "late"}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--before", CUT), 2, "Missing option '--reason'"),
        (("--before", "2026-02-01", "--reason", "x"), 2, "'2026-02-01' is no time; write it like"),
        (("--before", CUT, "--reason", " "), 2, "say why"),
        (("--before", CUT, "--reason", "x"), 2, "where nobody can be asked, say that you mean it"),
    ],
)
def test_nothing_is_archived_by_a_slip(
    run: Reprise, settings: Settings, instances: dict[str, UUID], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    said = run("audit", "archive", *arguments)
    assert said.code == code
    assert sentence in " ".join(said.err.split())
    assert names(settings) == set(instances)


def test_only_the_owner_archives(
    run: Reprise, settings: Settings, instances: dict[str, UUID], monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> None:
    role = f"reader_{uuid4().hex[:8]}"
    ask(settings, f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    ask(settings, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    url = urlsplit(settings.database_url)
    monkeypatch.setenv("REPRISE_DATABASE_URL", url._replace(netloc=f"{role}:x@{url.hostname}:{url.port}").geturl())
    said = run("audit", "archive", "--output", "old.jsonl", *WHY)
    ask(settings, f"DROP OWNED BY {role}")
    ask(settings, f"DROP ROLE {role}")
    assert (said.code, said.out) == (1, "")
    assert "Only the owner of audit_log removes rows of it" in said.err
    assert (list(nowhere.iterdir()), names(settings)) == ([], set(instances))


def test_an_archive_that_is_not_what_was_signed_explains_nothing(
    run: Reprise, settings: Settings, instances: dict[str, UUID], nowhere: Path
) -> None:
    checkpoint(settings, taker_of(settings))
    assert run("audit", "archive", "--output", "old.jsonl", *WHY).code == 0
    heads = nowhere / "old.jsonl.heads"
    heads.write_bytes(heads.read_bytes().replace(b" 1 - ", b" 2 - ", 1))
    said = run("audit", "verify", "--archive", "old.jsonl")
    assert (said.code, said.out) == (1, "")
    assert "its heads are not those that were signed" in said.err
