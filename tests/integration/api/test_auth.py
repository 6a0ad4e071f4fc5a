"""Nothing but health and sign-in is open, and a role may do what is its own alone."""

from datetime import timedelta

import httpx
from fastapi import FastAPI

from api.app import OPEN_PATHS
from api.routes import health
from api.tokens import Role, mint_token
from schemas.settings import Settings
from tests.integration.api.world import World


def _is_refused(answer: httpx.Response, reason: str) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.json()["detail"]


async def test_every_route_but_health_and_sign_in_needs_a_token(world: World, app: FastAPI) -> None:
    asked = 0
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            answer = await world.nobody.request(method, path.replace("{", "").replace("}", ""))
            if path in health.OPEN_PATHS:
                assert answer.status_code == 200, path
            elif path in OPEN_PATHS:
                assert answer.status_code in (200, 404), path  # none is set up
            else:
                _is_refused(answer, "A token is needed")
                asked += 1
    assert asked > 20
    _is_refused(await world.nobody.get("/nothing"), "A token is needed")


async def test_a_minted_token_opens_what_its_role_may(world: World, settings: Settings) -> None:
    token = mint_token(settings, Role.CUSTOMER, "bob", "acme", timedelta(minutes=5))
    bob = {"Authorization": f"Bearer {token}"}
    made = await world.nobody.post("/api/instances", json={"name": "shop"}, headers=bob)
    assert made.json()["customer_id"] == "acme"


async def test_a_missing_role_is_said_so(world: World) -> None:
    for client, method, path in (
        (world.acme, "GET", "/metrics"),
        (world.acme, "GET", "/api/audit/export"),
        (world.service, "GET", "/api/instances"),
        (world.service, "POST", "/api/instances"),
        (world.service, "GET", "/api/audit"),
        (world.service, "GET", "/api/events"),
    ):
        answer = await client.request(method, path, json={"name": "shop"} if method == "POST" else None)
        assert answer.status_code == 403, path
        assert "insufficient_scope" in answer.headers["www-authenticate"]
        assert "may not do this" in answer.json()["detail"]


async def test_who_has_no_token_is_not_told_what_is_wrong_with_the_body(world: World) -> None:
    answer = await world.nobody.post("/api/instances", content=b"{", headers={"Content-Type": "application/json"})
    _is_refused(answer, "A token is needed")
