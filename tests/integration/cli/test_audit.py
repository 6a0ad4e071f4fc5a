"""`reprise audit`, spoken to a real API process."""

import json
from uuid import uuid4

from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise
from tests.support.names import unique


async def test_the_list_is_narrowed_by_what_one_knows(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    for narrowed, types in (
        (("--error-code", "insufficient_resources"), ["deploy.failed"]),
        (("--from-state", "cleaning_up", "--to-state", "error"), ["cleanup.completed"]),
        (("--text", "insufficient CPU", "--type", "deploy.progressing"), ["deploy.progressing"]),
        (("--attempt", "2"), []),
        (("--job", str(uuid4())), []),
    ):
        said = reprise("audit", "list", "--instance", name, *narrowed, "-o", "json")
        assert [row["type"] for row in json.loads(said.out)["items"]] == types, (said.err, narrowed)
    said = reprise("audit", "list", "--instance", identity, "--limit", "2")
    assert "There are more than 2" in said.out
    assert "cleaning_up → error" in said.out


async def test_a_state_that_does_not_exist_is_named(reprise: Reprise) -> None:
    said = reprise("audit", "list", "--to-state", "odd")
    assert (said.code, said.out) == (1, "")
    assert "state_after" in said.err


async def test_the_timeline_draws_every_attempt_with_its_steps_and_waits(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    await world.acme.post(f"/api/instances/{identity}/retry")
    said = reprise("audit", "timeline", name)
    first, _, second = said.out.partition("\n\n")
    assert [line.split()[0] for line in first.splitlines() if line.startswith("  ") and "…" not in line][1:4] == [
        "pending",
        "allocating_database",
        "deploying",
    ]
    assert "insufficient_resources: Did not fit: 0/1 nodes are available" in first
    assert second.startswith("Attempt 2")
    assert "under way" in second
    document = json.loads(reprise("audit", "timeline", identity, "-o", "json").out)
    assert [attempt["ended_in"] for attempt in document["attempts"]] == ["error", None]


async def test_show_explains_a_row_and_what_came_of_it(reprise: Reprise, world: World) -> None:
    identity = await world.failed(unique())
    listed = reprise("audit", "list", "--instance", identity, "--type", "provision.admitted", "-o", "json")
    [row] = json.loads(listed.out)["items"]
    said = reprise("audit", "show", row["event_id"])
    assert said.code == 0, said.err
    assert "pending → allocating_database" in said.out
    assert "answered by row 3, database.allocated" in said.out
    assert "no longer awaited since row 3, database.allocated" in said.out
    assert json.loads(reprise("audit", "show", row["event_id"], "-o", "json").out)["row"] == row
    unknown = reprise("audit", "show", str(uuid4()))
    assert (unknown.code, unknown.out) == (1, "")
    assert "The audit log has no event" in unknown.err
