"""Checkpoints on a real PostgreSQL and NATS: what the database's owner did to the log, with no trigger in the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from nats.js.errors import APIError
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from bus import checkpoints
from bus.connection import connected, jetstream
from bus.streams import CHECKPOINTS_STREAM, ensure
from consumers import checkpointing
from persistence.chain import Entry
from persistence.checkpoints import entries, taking
from persistence.checkpoints.folding import Folded, fold
from persistence.checkpoints.taking import Taker
from persistence.exports.verifying import Report
from persistence.proving import prove
from persistence.signing import PublicKeys, Signer, new_key
from persistence.writer import Writer
from schemas.errors import DependencyDown
from schemas.events import Actor, wish
from schemas.payloads import ProvisionRequested
from schemas.settings import Settings
from schemas.types import EventType as E
from statemachine.policy import Policy
from tests.support.tampering import as_owner
from tests.support.waiting import until

ALICE = Actor("cli", "alice")
ROWS = 6
SIGNER = Signer(new_key())
KEYS = PublicKeys(SIGNER.public)


async def shop(writer: Writer, name: str) -> UUID:
    """An instance that was begun and cancelled."""
    now, data = datetime.now(UTC), ProvisionRequested(customer_id="acme", name=name)
    [begun] = await writer.apply([wish(E.PROVISION_REQUESTED, uuid4(), ALICE, now, data)])
    assert begun.instance is not None
    await more(writer, begun.instance.id, ROWS - 1)
    return begun.instance.id


async def more(writer: Writer, instance_id: UUID, rows: int) -> None:
    """So many rows more, whatever becomes of them."""
    for number in range(rows):
        kind = E.HOLD_REQUESTED if number % 2 else E.CANCEL_REQUESTED
        await writer.apply([wish(kind, instance_id, ALICE, datetime.now(UTC), reason=f"row {number}")])


@pytest.fixture
def settings(database: str, nats_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database, nats_url=nats_url, checkpoint_file=tmp_path / "checkpoints.jsonl")


@pytest_asyncio.fixture
async def js(settings: Settings) -> AsyncIterator[JetStreamContext]:
    async with connected(settings, "test") as client:
        yield jetstream(client)


@pytest_asyncio.fixture
async def writer(engine: AsyncEngine) -> Writer:
    return Writer(engine, Policy())


@pytest_asyncio.fixture
async def shops(writer: Writer) -> list[UUID]:
    """Three, in the order of their ids."""
    return sorted([await shop(writer, f"shop-{number}") for number in range(3)], key=lambda each: each.bytes)


@pytest.fixture
def taker(settings: Settings) -> Taker:
    return Taker(settings.database_url, SIGNER, "reprise")


async def lines_of(file: Path) -> AsyncIterator[bytes]:
    for line in file.read_bytes().splitlines():  # noqa: ASYNC240  # a small file of a test
        yield line


async def verified(settings: Settings, js: JetStreamContext, keys: PublicKeys = KEYS) -> Report:
    """The log, compared with the stream and the file, which must say the same."""
    assert settings.checkpoint_file is not None
    found = [Report(), Report()]
    for report, source in zip(found, (checkpoints.read(js), lines_of(settings.checkpoint_file)), strict=True):
        folded = await fold(source, keys, report)
        await prove(settings.database_url, folded, report, lambda _: None)
    assert found[0] == found[1]
    return found[0]


async def last_number(js: JetStreamContext) -> int:
    found = await checkpoints.last(js)
    return found.number if found is not None else 0


async def test_an_honest_log_agrees_with_every_checkpoint(
    settings: Settings, js: JetStreamContext, taker: Taker, writer: Writer, shops: list[UUID]
) -> None:
    await checkpointing.take(settings, taker, js)
    await more(writer, shops[1], 3)
    await checkpointing.take(settings, taker, js)
    await shop(writer, "another")
    await checkpointing.take(settings, taker, js)
    await more(writer, shops[0], 2)
    assert await verified(settings, js) == Report(rows=4 * ROWS + 5, instances=4)
    folded = await fold(checkpoints.read(js), KEYS, Report())
    assert (folded.count, folded.unreadable, len(folded.seen)) == (3, 0, 4)
    assert folded.last is not None
    assert (folded.last["number"], folded.last["since"], folded.last["changed"]) == (3, 2, 1)


def where(instance_id: UUID, sequence: int) -> str:
    return f"WHERE instance_id = '{instance_id}' AND sequence = {sequence}"


def tip(instance_id: UUID, sequence: int) -> str:
    """The live row says so too: nothing inside the database differs."""
    of_row = f"(SELECT hash FROM audit_log {where(instance_id, sequence)})"  # noqa: S608
    return f"UPDATE instances SET sequence = {sequence}, chain = {of_row} WHERE id = '{instance_id}'"  # noqa: S608


def swapped(victim: UUID) -> list[str]:
    return [
        f"UPDATE audit_log SET sequence = 100 + sequence WHERE instance_id = '{victim}' AND sequence IN (3, 4)",  # noqa: S608
        f"UPDATE audit_log SET sequence = 107 - sequence WHERE instance_id = '{victim}' AND sequence > 100",  # noqa: S608
    ]


Tampered = tuple[Callable[[UUID], list[str]], int, str]
TAMPERED: dict[str, Tampered] = {
    "a value": (
        lambda victim: [f"UPDATE audit_log SET actor = 'cli:eve' {where(victim, 3)}"],  # noqa: S608
        3,
        "changed after it was recorded: its hash is not that of its values",
    ),
    "a row from the middle": (
        lambda victim: [f"DELETE FROM audit_log {where(victim, 3)}"],  # noqa: S608
        4,
        "row 3 is missing: row 4 stands in its place",
    ),
    "the last row": (
        lambda victim: [f"DELETE FROM audit_log {where(victim, ROWS)}", tip(victim, ROWS - 1)],  # noqa: S608
        ROWS,
        "rows after 5 are missing: checkpoint 1 (",
    ),
    "a whole instance": (
        lambda victim: [
            f"DELETE FROM audit_log WHERE instance_id = '{victim}'",  # noqa: S608
            f"DELETE FROM instances WHERE id = '{victim}'",  # noqa: S608
        ],
        1,
        "the whole trail is missing: checkpoint 1 (",
    ),
    "two rows, swapped": (swapped, 3, "prev_hash is not the hash of the row before"),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_what_the_owner_did_is_found_and_the_row_is_named(
    settings: Settings, js: JetStreamContext, taker: Taker, shops: list[UUID], what: str
) -> None:
    tamper, sequence, why = TAMPERED[what]
    await checkpointing.take(settings, taker, js)
    await as_owner(settings.database_url, *tamper(shops[1]))
    [found] = (await verified(settings, js)).differences
    assert (found.instance_id, found.sequence) == (str(shops[1]), sequence)
    assert why in found.why


def rewritten(rows: list[asyncpg.Record]) -> Iterator[str]:
    """Another reason in the third row, and every hash anew."""
    prev = b""
    for row in rows:
        entry = Entry(**{name: row[name] for name in Entry._fields})
        entry = entry._replace(reason="never happened") if entry.sequence == 3 else entry
        digest = entry.hashed(prev)
        hashes = f"prev_hash = '\\x{prev.hex()}', hash = '\\x{digest.hex()}'"
        at = where(entry.instance_id, entry.sequence)
        yield f"UPDATE audit_log SET reason = '{entry.reason}', {hashes} {at}"  # noqa: S608
        prev = digest
    yield tip(rows[0]["instance_id"], len(rows))


async def test_a_chain_that_was_rewritten_consistently_is_found(
    settings: Settings, js: JetStreamContext, taker: Taker, shops: list[UUID]
) -> None:
    """Every hash is right, the live row agrees: only what was signed before tells."""
    await checkpointing.take(settings, taker, js)
    connection = await asyncpg.connect(settings.database_url)
    rows = await connection.fetch("SELECT * FROM audit_log WHERE instance_id = $1 ORDER BY sequence", shops[1])
    await connection.close()
    await as_owner(settings.database_url, *rewritten(rows))
    report = Report()
    await prove(settings.database_url, Folded(), report, lambda _: None)
    assert report.differences == []
    [found] = (await verified(settings, js)).differences
    assert (found.instance_id, found.sequence) == (str(shops[1]), ROWS)
    assert found.why.startswith("another row than checkpoint 1 (")
    assert found.why.endswith("the trail was rewritten, up to here at least")


async def test_checkpoints_taken_after_the_deed_name_it_themselves(
    settings: Settings, js: JetStreamContext, taker: Taker, writer: Writer, shops: list[UUID]
) -> None:
    """A trail that was cut off and has grown again is longer than before: its row is another."""
    await checkpointing.take(settings, taker, js)
    gone = [f"DELETE FROM audit_log WHERE instance_id = '{shops[0]}'", f"DELETE FROM instances WHERE id = '{shops[0]}'"]  # noqa: S608
    await as_owner(
        settings.database_url,
        *gone,
        f"DELETE FROM audit_log WHERE instance_id = '{shops[1]}' AND sequence > 4",  # noqa: S608
        tip(shops[1], 4),
    )
    await checkpointing.take(settings, taker, js)
    await more(writer, shops[1], 4)
    await checkpointing.take(settings, taker, js)
    said = {(each.instance_id, each.sequence): each.why for each in (await verified(settings, js)).differences}
    assert "at checkpoint 2 the instance was gone, and checkpoint 1 (" in said[str(shops[0]), 1]
    assert "at checkpoint 2 the trail ended with row 4, and checkpoint 1 (" in said[str(shops[1]), 5]


async def test_what_a_restarted_taker_finds_gone_is_named_too(
    settings: Settings, js: JetStreamContext, taker: Taker, shops: list[UUID]
) -> None:
    """It remembers nothing, and takes all heads: whoever reads both sees it."""
    await checkpointing.take(settings, taker, js)
    await as_owner(settings.database_url, f"DELETE FROM instances WHERE id = '{shops[2]}'")  # noqa: S608
    await checkpointing.take(settings, Taker(settings.database_url, SIGNER, "reprise"), js)
    [found] = (await verified(settings, js)).differences
    assert (found.instance_id, found.sequence) == (str(shops[2]), 1)
    assert "at checkpoint 2 the instance was gone" in found.why


async def test_entries_that_were_changed_or_left_out_are_found(
    settings: Settings, js: JetStreamContext, taker: Taker, writer: Writer, shops: list[UUID]
) -> None:
    file = settings.checkpoint_file
    assert file is not None
    for _ in range(3):
        await checkpointing.take(settings, taker, js)
        await more(writer, shops[0], 1)
    lines = file.read_bytes().splitlines()
    assert [orjson.loads(line)["kind"] for line in lines] == ["heads", "checkpoint"] * 3
    for kept, why in (
        (lines[:2] + lines[4:], "it builds upon checkpoint 2, which is missing"),
        ([*lines[:2], lines[3], *lines[4:]], "its heads were changed: 0 stand with it, of 1"),
        ([_longer(lines[0]), *lines[1:]], "its heads were changed: 3 stand with it, of 3"),
        ([lines[0], lines[1].replace(b'"instances":3', b'"instances":2'), *lines[2:]], "its signature is not right"),
        (lines + lines[:2], "it stands after checkpoint 3"),
    ):
        report = Report()
        await fold(_entries(kept), KEYS, report)
        assert why in " / ".join(each.why for each in report.differences)
    report = Report()
    await fold(checkpoints.read(js), PublicKeys(Signer(new_key()).public), report)
    assert [each.why[:32] for each in report.differences] == [f"a checkpoint that calls itself {n}" for n in (1, 2, 3)]


def _longer(line: bytes) -> bytes:
    """The first trail has a row more."""
    portion = orjson.loads(line)
    portion["heads"][0][1] += 1
    return orjson.dumps(portion)


async def _entries(lines: list[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


async def test_many_heads_stand_in_portions_and_all_of_them_again_after_a_while(
    settings: Settings, js: JetStreamContext, taker: Taker, shops: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "PORTION", 2)
    monkeypatch.setattr(taking, "FULL_EVERY", 2)
    since = []
    for _ in range(4):
        await checkpointing.take(settings, taker, js)
        folded = await fold(checkpoints.read(js), KEYS, Report())
        assert folded.last is not None
        since.append(folded.last["since"])
    assert since == [0, 1, 0, 3]
    assert (await verified(settings, js)).differences == []


async def test_nobody_deletes_what_the_stream_was_told(
    settings: Settings, js: JetStreamContext, taker: Taker, shops: list[UUID]
) -> None:
    await checkpointing.take(settings, taker, js)
    with pytest.raises(APIError, match="delete not permitted"):
        await js.delete_msg(CHECKPOINTS_STREAM, 1)
    with pytest.raises(APIError, match="purge not permitted"):
        await js.purge_stream(CHECKPOINTS_STREAM)


async def test_a_place_that_cannot_take_it_is_tried_again_and_nothing_is_left_out(
    settings: Settings, js: JetStreamContext, taker: Taker, writer: Writer, shops: list[UUID]
) -> None:
    """The file's disk is full for a while: the next checkpoint builds upon the last that both places have."""
    file = settings.checkpoint_file
    assert file is not None
    await checkpointing.take(settings, taker, js)
    await more(writer, shops[0], 1)
    broken = settings.model_copy(update={"checkpoint_file": file / "below-a-file"})
    with pytest.raises(OSError, match="Not a directory"):
        await checkpointing.take(broken, taker, js)
    file.write_bytes(file.read_bytes() + b'{"kind": "hea')
    await more(writer, shops[1], 1)
    await checkpointing.take(settings, taker, js)
    report = Report()
    folded = await fold(lines_of(file), KEYS, report)
    assert (report.differences, folded.count, folded.unreadable) == ([], 2, 1)
    await prove(settings.database_url, folded, report, lambda _: None)
    assert report.differences == []


async def test_a_file_that_is_put_away_and_a_stream_that_is_lost_begin_anew_with_all_heads(
    settings: Settings, js: JetStreamContext, taker: Taker, shops: list[UUID]
) -> None:
    file = settings.checkpoint_file
    assert file is not None
    await checkpointing.take(settings, taker, js)
    file.rename(file.with_name("last-year.jsonl"))
    await checkpointing.take(settings, taker, js)
    assert (await verified(settings, js)).differences == []
    folded = await fold(lines_of(file), KEYS, Report())
    assert (folded.count, len(folded.seen)) == (1, len(shops))
    await js.delete_stream(CHECKPOINTS_STREAM)
    await checkpointing.take(settings, taker, js)
    folded = await fold(checkpoints.read(js), KEYS, Report())
    assert folded.last is not None
    assert (folded.last["number"], folded.count, len(folded.seen)) == (3, 1, len(shops))
    assert (await verified(settings, js)).differences == []


async def test_the_part_takes_them_regularly_and_through_outages(
    settings: Settings, js: JetStreamContext, shops: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempts fail; a taker that takes over waits for as long as the last is fresh."""
    failures = iter([DependencyDown("nats", "away"), OSError("disk full")])
    real = checkpointing.take

    async def sometimes(*arguments: object) -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        await real(*arguments)  # type: ignore[arg-type]  # whatever it was given

    monkeypatch.setattr(checkpointing, "take", sometimes)
    monkeypatch.setattr(checkpointing, "FIRST_RETRY", 0.01)
    signing = settings.model_copy(update={"audit_signing_key": SecretStr(new_key()), "checkpoint_every": 1})
    stop = asyncio.Event()
    running = asyncio.create_task(checkpointing.run(signing, js, stop))

    async def two() -> bool:
        return await last_number(js) >= 2

    await until(two, 60)
    stop.set()
    await running
    slow, stop = signing.model_copy(update={"checkpoint_every": 3_600}), asyncio.Event()
    waits = _waits(monkeypatch, stop)
    before = await last_number(js)
    await checkpointing.run(slow, js, stop)
    assert (len(waits), await last_number(js)) == (1, before)
    assert 3_500 < waits[0] <= 3_600


def _waits(monkeypatch: pytest.MonkeyPatch, stop: asyncio.Event) -> list[float]:
    """How long it would wait the first time; that ends it."""
    found: list[float] = []

    async def unless(_: asyncio.Event, seconds: float) -> None:
        found.append(seconds)
        stop.set()

    monkeypatch.setattr(checkpointing, "_unless", unless)
    return found


async def test_of_two_processes_one_takes_it(settings: Settings, js: JetStreamContext, shops: list[UUID]) -> None:
    """The other finds it taken, or being taken, and looks again later."""

    def rounds() -> checkpointing.Rounds:
        return checkpointing.Rounds(settings, Taker(settings.database_url, SIGNER, "reprise"), js)

    one, other = rounds(), rounds()
    pauses = await asyncio.gather(one.go(), other.go())
    assert await last_number(js) == 1
    assert sorted(pauses)[-1] == settings.checkpoint_every
    again = [await one.go(), await other.go()]
    assert await last_number(js) == 1
    assert all(3_500 < pause < 3_600 for pause in again)


async def test_what_two_processes_take_in_turn_holds_together(
    settings: Settings, js: JetStreamContext, taker: Taker, writer: Writer, shops: list[UUID]
) -> None:
    other = Taker(settings.database_url, SIGNER, "reprise")
    for number, each in enumerate((taker, other, taker, taker, other)):
        await more(writer, shops[number % 3], 1)
        await checkpointing.take(settings, each, js)
    folded = await fold(checkpoints.read(js), KEYS, Report())
    assert folded.last is not None
    assert (folded.count, folded.last["number"], folded.last["since"]) == (5, 5, 2)
    assert (await verified(settings, js)).differences == []


async def test_without_a_key_none_are_taken(settings: Settings, js: JetStreamContext) -> None:
    await ensure(js)
    await checkpointing.run(settings, js, asyncio.Event())
    assert await checkpoints.last(js) is None
