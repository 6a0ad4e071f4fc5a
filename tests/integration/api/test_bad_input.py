"""Whatever is sent, the answer is a clear 4xx that names the field, and nothing is half done."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.api.world import World

GOOD: dict[str, Any] = {"name": "shop"}
JSON = {"Content-Type": "application/json"}


def _is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


async def test_bad_fields_of_a_request_are_named(world: World) -> None:
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({}, "name", "is missing"),
        ({"name": "Shop"}, "name", "lower case"),
        ({"name": "-shop"}, "name", "lower case"),
        ({"name": "a" * 64}, "name", "63"),
        ({"name": "shop\n"}, "name", "lower case"),
        ({"name": ""}, "name", "lower case"),
        ({"name": 7}, "name", "string"),
        ({"name": None}, "name", "string"),
        (GOOD | {"cpu": "lots"}, "cpu", "500m"),
        (GOOD | {"cpu": 2}, "cpu", "string"),
        (GOOD | {"cpu": "0"}, "cpu", "more than zero"),
        (GOOD | {"cpu": "-1"}, "cpu", "500m"),
        (GOOD | {"cpu": "1e3"}, "cpu", "500m"),
        (GOOD | {"cpu": "9999"}, "cpu", "1000 cores"),
        (GOOD | {"cpu": "1" * 40}, "cpu", "at most 32"),
        (GOOD | {"cpu": "500m\n"}, "cpu", "500m"),
        (GOOD | {"cpu": "\u0665\u0660\u0660m"}, "cpu", "500m"),
        (GOOD | {"cpu": "0.1m"}, "cpu", "thousandth"),
        (GOOD | {"memory": "1"}, "memory", "512Mi"),
        (GOOD | {"memory": "1Gi\n"}, "memory", "512Mi"),
        (GOOD | {"volume": "2000000Gi"}, "volume", "1Pi"),
        (GOOD | {"memory": "much"}, "memory", "500m"),
        (GOOD | {"volume": "0Gi"}, "volume", "more than zero"),
        (GOOD | {"patience": "soon"}, "patience", "24h"),
        (GOOD | {"patience": -5}, "patience", "24h"),
        (GOOD | {"patience": "90s\n"}, "patience", "24h"),
        (GOOD | {"patience": "\u0669s"}, "patience", "24h"),
        (GOOD | {"patience": "99999d"}, "patience", "30 days"),
        (GOOD | {"patience": {}}, "patience", "whole number"),
        (GOOD | {"patience": True}, "patience", "24h"),
        (GOOD | {"image": "http://x/ y"}, "image", "registry"),
        (GOOD | {"image": "o" * 300}, "image", "255"),
        (GOOD | {"db_type": "mysql"}, "db_type", "'shared' or 'dedicated'"),
        (GOOD | {"profile": "nobody-made-it"}, "profile", "default"),
        (GOOD | {"customer_id": "a b"}, "customer_id", "63"),
        (GOOD | {"reason": "a\u0000b"}, "reason", "control characters"),
        (GOOD | {"reason": "x" * 501}, "reason", "500"),
        (GOOD | {"colour": "red"}, "colour", "spelling"),
        (GOOD | {"odd\ufffe": 1}, "odd\ufffe", "spelling"),
    ]
    for body, field, remedy in wrong:
        answer = await world.acme.post("/api/instances", json=body)
        problem = _is_problem(answer, 422)
        assert problem["field"] == field, (body, problem)
        assert remedy in problem["detail"], (body, problem)
        assert problem["errors"][0]["field"] == field if "errors" in problem else True
    assert (await world.admin.get("/api/instances")).json()["items"] == []


async def test_every_wrong_field_is_listed(world: World) -> None:
    body = {"name": "Shop", "cpu": "lots", "memory": "0"}
    problem = _is_problem(await world.acme.post("/api/instances", json=body), 422)
    assert [error["field"] for error in problem["errors"]] == ["cpu", "memory", "name"]


async def test_lone_surrogates_are_refused_and_can_be_told(world: World) -> None:
    for body in ({"name": "\ud800"}, GOOD | {"\ud800": 1}, GOOD | {"reason": "\ud800"}, GOOD | {"cpu": "\ud800"}):
        answer = await world.acme.post("/api/instances", content=json.dumps(body), headers=JSON)
        _is_problem(answer, 422)


async def test_a_body_that_is_no_json_object_is_refused(world: World) -> None:
    for body in (
        b"{",
        b"not json",
        b"{'name': 'shop'}",
        b"\xff\xfe{}",
        b'{"name": "shop"',
        b"[" * 60_000,
        b"1" * 5_000,
    ):
        problem = _is_problem(await world.acme.post("/api/instances", content=body, headers=JSON), 400)
        assert "JSON" in problem["detail"], body[:20]
    for body in (b"[]", b"7", b'"shop"', b"null", b""):
        answer = await world.acme.post("/api/instances", content=body, headers=JSON)
        _is_problem(answer, 422)


async def test_another_content_type_is_refused(world: World) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        answer = await world.acme.post("/api/instances", content=b'{"name": "shop"}', headers={"Content-Type": kind})
        assert "application/json" in _is_problem(answer, 415)["detail"]
    answer = await world.acme.post("/api/instances", content=b'{"name": "shop"}')
    _is_problem(answer, 415)


async def test_a_body_over_the_limit_is_refused_before_it_is_read(world: World) -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(640):
            read += 16_384
            yield b" " * 16_384

    problem = _is_problem(await world.acme.post("/api/instances", content=chunks(), headers=JSON), 413)
    assert "64 KiB" in problem["detail"]
    assert read <= 6 * 16_384, "a body that comes in chunks is not read to its end"
    announced = await world.acme.post("/api/instances", content=b" " * 10_000_000, headers=JSON)
    _is_problem(announced, 413)
    lied = {**JSON, "Content-Length": "many"}
    _is_problem(await world.acme.post("/api/instances", content=b"{}", headers=lied), 413)


async def test_an_id_that_is_no_uuid_is_named(world: World) -> None:
    for method, path, field in (
        ("GET", "/api/instances/seven", "instance_id"),
        ("GET", "/api/instances/seven/audit", "instance_id"),
        ("POST", "/api/instances/seven/retry", "instance_id"),
        ("POST", "/api/instance/admin/retry-instance/seven", "instance_id"),
        ("DELETE", "/api/instances/seven", "instance_id"),
        ("GET", "/api/jobs/%00", "job_id"),
        ("GET", "/api/events?instance_id=seven", "instance_id"),
        ("GET", "/api/audit?correlation_id=seven", "correlation_id"),
    ):
        problem = _is_problem(await world.admin.request(method, path), 422)
        assert problem["field"] == field, path
        assert "UUID" in problem["detail"]


async def test_bad_queries_are_named(world: World) -> None:
    for path, field in (
        ("/api/instances?limit=0", "limit"),
        ("/api/instances?limit=many", "limit"),
        ("/api/instances?limit=100000", "limit"),
        ("/api/instances?status=fine", "status"),
        ("/api/instances?colour=red", "colour"),
        ("/api/instances?q=%00", "q"),
        ("/api/instances?q=" + "x" * 201, "q"),
        ("/api/instances?cursor=%C3%A9", "cursor"),
        ("/api/instances?cursor=abc", "cursor"),
        ("/api/instances?cursor=W10", "cursor"),
        ("/api/instances?customer_id=%25", "customer_id"),
        ("/api/audit?since=yesterday", "since"),
        ("/api/audit?since=2026-01-31T12:00:00", "since"),
        ("/api/audit?since=20260131", "since"),
        ("/api/audit/export?reason=x&until=0.5", "until"),
        ("/api/audit/export", "reason"),
        ("/api/audit/export?reason=x&format=xml", "format"),
        ("/api/audit?type=odd", "type"),
        ("/api/audit?cursor=abc", "cursor"),
        ("/api/capacity?cpu=lots", "cpu"),
        ("/api/capacity?memory=-1", "memory"),
        ("/api/healthz", None),
        ("/healthz?deep=1", "deep"),
    ):
        answer = await world.admin.get(path)
        problem = _is_problem(answer, 404 if field is None else 422)
        assert problem.get("field") == field, path


async def test_a_body_where_none_is_read_is_refused(world: World) -> None:
    identity = await world.running()
    for method, path in (("DELETE", f"/api/instances/{identity}"), ("GET", "/api/instances")):
        answer = await world.admin.request(method, path, json={"now": True})
        assert _is_problem(answer, 422)["field"] == "body"
    assert (await world.instance(identity)).state == "running"


async def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    for name in ("one", "two"):
        await world.create(name)
    of_instances = (await world.admin.get("/api/instances?limit=1")).json()["next_cursor"]
    of_audit = (await world.admin.get("/api/audit?limit=1")).json()["next_cursor"]
    for path in (f"/api/audit?cursor={of_instances}", f"/api/instances?cursor={of_audit}"):
        assert _is_problem(await world.admin.get(path), 422)["field"] == "cursor"


async def test_bad_headers_are_named(world: World) -> None:
    for value in ("", "x" * 201):
        answer = await world.acme.post("/api/instances", json=GOOD, headers={"Idempotency-Key": value})
        assert _is_problem(answer, 422)["field"].lower() == "idempotency-key"
    for value in ("seven", "-1", "9" * 30):
        answer = await world.acme.get("/api/events", headers={"Last-Event-ID": value})
        assert _is_problem(answer, 422)["field"].lower() == "last-event-id"


async def test_paths_and_methods_that_do_not_exist_are_problems(world: World) -> None:
    assert "/api/nothing" in _is_problem(await world.admin.get("/api/nothing"), 404)["detail"]
    _is_problem(await world.admin.get("/api/nothing{x}%0a"), 404)
    answer = await world.admin.put("/api/instances")
    assert "GET, POST" in _is_problem(answer, 405)["detail"]
    assert answer.headers["allow"] == "GET, POST"
    answer = await world.admin.patch(f"/api/instances/{uuid4()}")
    assert answer.headers["allow"] == "DELETE, GET"
    _is_problem(await world.admin.get("/api/instances/"), 404)


async def test_a_job_that_does_not_exist_is_not_found(world: World) -> None:
    assert _is_problem(await world.admin.get(f"/api/jobs/{uuid4()}"), 404)["detail"] == "Job not found"


async def test_anothers_job_is_not_found(world: World) -> None:
    job = (await world.create())["job_id"]
    assert (await world.acme.get(f"/api/jobs/{job}")).status_code == 200
    assert _is_problem(await world.other.get(f"/api/jobs/{job}"), 404)["detail"] == "Job not found"
