"""The registry of database servers over HTTP: for admins alone, with a plan that says when all are full."""

from schemas.views import Foreseen
from tests.integration.api.conftest import FakeServers
from tests.integration.api.world import World

PATH = "/api/database-servers"
ACCESS = {"host": "pg-1.example.com", "user": "reprise", "password": "s3cret-pw", "capacity": 40}


async def test_a_server_is_added_listed_drained_and_undrained(world: World, servers: FakeServers) -> None:
    added = await world.admin.put(f"{PATH}/pg-1", json=ACCESS)
    assert added.json() == {"id": "pg-1", "message": "pg-1 is registered; it may hold 40 databases"}
    assert servers.added[0].password.get_secret_value() == "s3cret-pw"
    assert (await world.admin.post(f"{PATH}/pg-1/drain")).status_code == 200
    listed = await world.admin.get(PATH)
    [server] = listed.json()["items"]
    assert (server["id"], server["capacity"], server["drained"]) == ("pg-1", 40, True)
    assert "s3cret-pw" not in added.text + listed.text
    await world.admin.post(f"{PATH}/pg-1/undrain")
    assert servers.drained == {"pg-1": False}


async def test_it_is_for_admins_alone(world: World, servers: FakeServers) -> None:
    for client in (world.acme, world.service):
        assert (await client.get(PATH)).status_code == 403
        assert (await client.put(f"{PATH}/pg-1", json=ACCESS)).status_code == 403
        for what in ("drain", "undrain"):
            assert (await client.post(f"{PATH}/pg-1/{what}")).status_code == 403
    assert (servers.added, servers.drained) == ([], {})


async def test_what_is_wrong_is_named_and_no_password_shown(world: World) -> None:
    for change, field in (({"capacity": 0}, "capacity"), ({"password": ["s3cret-pw"]}, "password"), ({"x": 1}, "x")):
        answer = await world.admin.put(f"{PATH}/pg-1", json={**ACCESS, **change})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert "s3cret-pw" not in answer.text
    assert (await world.admin.put(f"{PATH}/no%20good", json=ACCESS)).json()["field"] == "server_id"


async def test_a_plan_names_the_server_or_says_that_all_are_full(world: World, servers: FakeServers) -> None:
    async def plan(client_name: str) -> dict[str, object]:
        client = world.clients[client_name]
        body = {"name": "shop", "customer_id": "acme"}
        found: dict[str, object] = (await client.post("/api/instances", params={"dry_run": "true"}, json=body)).json()
        return found

    assert {"pg-1"} == {line["name"] for line in (await plan("admin"))["lines"] if line["kind"] == "DatabaseServer"}  # type: ignore[attr-defined]
    full = "Every server for shared databases is full (pg-1: 40 of 40); register another"
    servers.answer = Foreseen(server=None, short=full)
    assert (await plan("admin"))["database_short"] == full
    assert (await plan("acme"))["database_short"] == "there is no room for another shared database now"
