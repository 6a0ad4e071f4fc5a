"""What speaks for the audit log over HTTP: the last checkpoint, and comparisons with all of them, which are kept."""

from uuid import UUID

import pytest
from sqlalchemy import text

from bus import checkpoints
from bus.connection import jetstream
from persistence import verifications
from persistence.checkpoints.entries import TAKEN_SUBJECT
from persistence.checkpoints.entries import Entry as CheckpointEntry
from persistence.checkpoints.taking import Taker
from persistence.leadership import alone
from persistence.signing import Signer, new_key
from schemas.settings import Settings
from tests.integration.api.conftest import SIGNER
from tests.integration.api.world import World
from tests.support.tampering import as_owner

CHECKPOINTS, VERIFICATIONS = "/api/audit/checkpoints", "/api/audit/verifications"


async def take(world: World, settings: Settings, signer: Signer = SIGNER) -> None:
    checkpoint = await Taker(settings.database_url, signer, "reprise").take(1)
    await checkpoints.append(jetstream(world.backend.nats), checkpoint.entries)


async def test_the_last_checkpoint_says_when_over_what_and_by_which_key(world: World, settings: Settings) -> None:
    assert (await world.admin.get(CHECKPOINTS)).json() == {"checkpoint": None}
    await world.failed("one")
    await world.failed("two")
    await take(world, settings)
    found = (await world.admin.get(CHECKPOINTS)).json()["checkpoint"]
    assert {name: found[name] for name in ("number", "since", "instances", "changed", "wrong")} == {
        "number": 1,
        "since": 0,
        "instances": 2,
        "changed": 2,
        "wrong": None,
    }
    assert found["key_id"] == SIGNER.sign("x", {})["key_id"]
    for path in (CHECKPOINTS, VERIFICATIONS):
        assert (await world.acme.get(path)).status_code == 403
    assert (await world.acme.post(VERIFICATIONS)).status_code == 403


async def test_a_checkpoint_of_a_strangers_key_is_not_believed(world: World, settings: Settings) -> None:
    await world.failed()
    await take(world, settings, Signer(new_key()))
    found = (await world.admin.get(CHECKPOINTS)).json()["checkpoint"]
    assert "none of those given" in found["wrong"]


async def test_what_is_no_checkpoint_is_none(world: World) -> None:
    data = b'{"document": {"number": 7, "taken_at": "2026-01-01T00:00:00Z"}}'
    await checkpoints.append(jetstream(world.backend.nats), [CheckpointEntry(TAKEN_SUBJECT, data)])
    assert (await world.admin.get(CHECKPOINTS)).json() == {"checkpoint": None}


async def test_an_honest_log_is_verified_and_that_is_kept(world: World, settings: Settings) -> None:
    await world.failed()
    assert (await world.admin.post(VERIFICATIONS)).status_code == 404  # no checkpoint yet
    await take(world, settings)
    await world.failed("after")
    answer = await world.admin.post(VERIFICATIONS)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["rows"], made["instances"], made["differing"], made["differences"]) == (14, 2, 0, [])
    assert (made["checkpoints"], made["up_to"], made["actor"]) == (1, 1, "api:test-admin")
    assert (await world.admin.get(VERIFICATIONS)).json() == {"items": [made], "may": True}


async def test_what_was_tampered_with_is_named(world: World, settings: Settings) -> None:
    identity = await world.failed()
    await take(world, settings)
    where = f"WHERE instance_id = '{UUID(identity)}' AND sequence = 3"
    await as_owner(settings.database_url, f"UPDATE audit_log SET actor = 'cli:eve' {where}")  # noqa: S608 - our own
    made = (await world.admin.post(VERIFICATIONS)).json()
    assert (made["differing"], made["differences"][0]["instance_id"], made["differences"][0]["sequence"]) == (
        1,
        identity,
        3,
    )


async def test_a_log_that_is_too_long_is_left_to_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.failed()
    monkeypatch.setattr(verifications, "MOST_ROWS", 6)
    refused = await world.admin.post(VERIFICATIONS)
    assert (refused.status_code, "reprise audit verify" in refused.json()["detail"]) == (400, True)
    assert (await world.admin.get(VERIFICATIONS)).json() == {"items": [], "may": False}


async def test_what_takes_too_long_is_given_up(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.failed()
    await take(world, settings)
    monkeypatch.setattr(verifications, "PATIENCE", 0.0)
    refused = await world.admin.post(VERIFICATIONS)
    assert (refused.status_code, "was given up" in refused.json()["detail"]) == (400, True)


async def test_it_is_verified_once_at_a_time(world: World, settings: Settings) -> None:
    await world.failed()
    async with alone(settings.database_url, verifications.NAME) as free:
        assert free
        assert (await world.admin.post(VERIFICATIONS)).status_code == 409


@pytest.mark.parametrize("change", ["UPDATE audit_verifications SET differing = 0", "DELETE FROM audit_verifications"])
async def test_what_is_kept_is_append_only(world: World, settings: Settings, change: str) -> None:
    await world.failed()
    await take(world, settings)
    assert (await world.admin.post(VERIFICATIONS)).status_code == 201
    async with world.backend.engine.connect() as connection:
        with pytest.raises(Exception, match="append-only"):
            await connection.execute(text(change))
