"""What comes back from what, as docs/replay.md says: where the audit log is lost, and where all of it is."""

from collections.abc import Iterator

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from bus import relay
from bus.connection import connected, jetstream
from bus.streams import CHANGES_STREAM, ensure
from persistence import instances, outbox
from persistence.replay import Selection, verify
from persistence.writer import Writer
from schemas.settings import Settings
from schemas.types import EventType as E
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.integration.test_rebuild import ask, built, shops, swapped
from tests.integration.test_replay import event
from tests.support.parts import part
from tests.support.tampering import as_owner
from tests.support.waiting import until

__all__ = ["shops"]
TOLD = ("customer_id", "status", "provisioning_status", "attempt", "step", "cause", "error_code", "error_message")
NOT_TOLD = {"request", "database", "has_run", "deadline_at"}


async def test_without_the_audit_log_reprise_goes_on_with_the_live_rows(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    await as_owner(database, "TRUNCATE audit_log, event_ids")
    [result] = await Writer(engine, Policy()).apply([event(E.RETRY_REQUESTED, None, shops[2])])
    assert (result.outcome, result.instance and result.instance.attempt) == ("applied", 2)
    report = await verify(database, Selection(), lambda _: None)
    assert {found.instance_id for found in report.differences} == {shop.id for shop in shops}


async def test_without_the_audit_log_a_rebuild_takes_nothing_away(database: str, shops: list[Instance]) -> None:
    before = await ask(database, "SELECT string_agg(to_jsonb(i)::text, '' ORDER BY id) FROM instances i")
    await as_owner(database, "TRUNCATE audit_log, event_ids")
    assert (await built(database)).differing == len(shops)
    done = await swapped(database)
    assert (done.instances, done.differed, done.kept, done.timers) == (4, 0, 4, 0)
    assert await ask(database, "SELECT string_agg(to_jsonb(i)::text, '' ORDER BY id) FROM instances i") == before


async def test_the_stream_of_changes_tells_where_every_instance_was_and_no_more(
    settings: Settings, shops: list[Instance], engine: AsyncEngine
) -> None:
    async def all_sent() -> bool:
        return (await outbox.depth(engine)).rows == 0

    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        async with part(relay.run, settings):
            await until(all_sent, what="the outbox to be sent")
        live = await instances.get_many(engine, [shop.id for shop in shops])
        await as_owner(settings.required("database_url").database_url, "DROP TABLE instances, audit_log, event_ids")
        told = [await js.get_last_msg(CHANGES_STREAM, f"changes.{shop.id}") for shop in shops]
    for document in (orjson.loads(message.data or b"") for message in told):
        row = next(row for identity, row in live.items() if str(identity) == document["instance_id"])
        assert (document["state_after"], document["job_id"]) == (row.state, str(row.job_id))
        assert {name: document[name] for name in TOLD} == dict(values(row))
        assert not NOT_TOLD & set(document)


def values(row: Instance) -> Iterator[tuple[str, object]]:
    return ((name, getattr(row, name)) for name in TOLD)
