"""One application under a prefix, for proxies that pass it on, proxies that take it off, and neighbours."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cli.prefix import Prefixed
from console.rendering import STATIC
from schemas.errors import BadSettings


def client(prefix: str) -> httpx.AsyncClient:
    """Of an application that says which path it was asked for, and leads to others."""

    async def said(request: Request) -> Response:
        return PlainTextResponse(request.url.path)

    async def leads(request: Request) -> Response:
        return RedirectResponse(request.query_params["to"], 303)

    routes = [Route("/leads", leads), Mount("/static", StaticFiles(directory=STATIC)), Route("/{path:path}", said)]
    app = Prefixed(Starlette(routes=routes), prefix, {"instances", "api"})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reprise")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/reprise/instances/7", "/instances/7"),
        ("/instances/7", "/instances/7"),
        ("/reprise/", "/"),
        ("/reprise", "/"),
        ("/reprised/instances", "/reprised/instances"),
        ("/reprise/reprise", "/reprise"),
    ],
)
async def test_a_path_is_the_same_with_and_without(asked: str, found: str) -> None:
    async with client("/reprise") as http:
        assert (await http.get(asked)).text == found


async def test_files_are_served_with_and_without() -> None:
    async with client("/ops/reprise") as http:
        for path in ("/static/console.css", "/ops/reprise/static/console.css"):
            assert (await http.get(path)).status_code == 200, path


@pytest.mark.parametrize(
    ("prefix", "to", "led"),
    [
        ("/reprise", "/instances", "/reprise/instances"),
        ("", "/instances", "/instances"),
        ("/reprise", "https://id.example.com/", "https://id.example.com/"),
    ],
)
async def test_an_answer_leads_to_where_the_prefix_is(prefix: str, to: str, led: str) -> None:
    async with client(prefix) as http:
        assert (await http.get("/leads", params={"to": to})).headers["location"] == led


def test_a_prefix_that_begins_as_a_path_of_ours_is_refused() -> None:
    with pytest.raises(BadSettings, match="REPRISE_PATH_PREFIX: /api is a path of Reprise's own"):
        client("/api/reprise")
