"""Many that found no room are retried once there is some; every part is killed half-way, and it goes on by itself."""

from typing import Any

from cli.parts import PARTS
from schemas.settings import Settings
from tests.support.installation import Installation, client_of, served
from tests.support.running import running
from tests.support.waiting import until

INSTANCES = 6


async def _retries(reprise: Installation, identity: str) -> int:
    return len([row for row in await reprise.trail(identity) if row["type"] == "retry.requested"])


async def test_everything_is_killed_half_way_and_all_run_in_the_end(whole: Settings, nats_url: str) -> None:
    settings = whole.model_copy(update={"nats_url": nats_url, "overdue_after": 5, "failure_grace": 0})
    child = served(settings, tuple(PARTS))
    async with client_of(settings) as reprise:

        async def bulk() -> dict[str, Any]:
            return dict((await reprise.http.get(f"/api/retries/{bulk_id}")).json())

        async def all_failed() -> bool:
            found = (await reprise.http.get("/api/instances", params={"state": "error"})).json()["items"]
            return len([each for each in found if each["error_code"] == "insufficient_resources"]) == INSTANCES

        async def half_way() -> bool:
            return 1 <= (await bulk())["waiting"] <= INSTANCES - 2

        async def ended() -> bool:
            return (await bulk())["ended_at"] is not None

        async def removed() -> bool:
            return (await reprise.instance(ballast))["state"] == "deleted"

        async with running(child) as process:
            ballast = await reprise.create("ballast", cpu="3900m")
            await reprise.has_running(1)
            ids = [await reprise.create(f"shop-{each}", cpu="500m", patience="10s") for each in range(INSTANCES)]
            await until(all_failed, 60, what="all to find no room", pause=0.2)
            assert (await reprise.http.delete(f"/api/instances/{ballast}", params={"now": "true"})).is_success
            await until(removed, 60, what="the ballast to be gone", pause=0.2)
            where = {"error_code": "insufficient_resources"}
            body = {"where": where, "expected": INSTANCES, "reason": "there is room now", "rate": "1/s"}
            bulk_id = (await reprise.http.post("/api/retries", json=body)).json()["id"]
            await until(half_way, 60, what="some to have been retried", pause=0.1)
            process.kill()
            process.wait()
        async with running(child):
            await until(ended, 90, what="the bulk retry to end", pause=0.2)
            view = await bulk()
            assert (view["state"], view["verified"]) == ("completed", INSTANCES), view
            await reprise.has_running(INSTANCES)
            assert [await _retries(reprise, identity) for identity in ids] == [1] * INSTANCES
