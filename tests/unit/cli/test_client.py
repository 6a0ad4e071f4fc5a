"""The HTTP client, against servers that answer what Reprise's own API never would."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.client import Client
from cli.target import Target
from schemas.errors import BadInput, DependencyDown, Forbidden, Refused, Unauthorized

Answer = tuple[int, dict[str, str], bytes]
Serve = Callable[[Answer], Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A client of a server that gives one answer to everything."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> Client:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return Client(Target(f"http://127.0.0.1:{server.server_port}", "secret-token"), timeout=5)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_redirect_is_not_followed_with_the_token(serve: Serve) -> None:
    client = serve((302, {"Location": "http://elsewhere.example/"}, b""))
    with pytest.raises(Refused, match=r"redirect to http://elsewhere\.example/; set REPRISE_URL"):
        client.post("/api/instances", {})


def test_what_is_no_json_is_not_reprise(serve: Serve) -> None:
    with pytest.raises(Refused, match="is not Reprise's API; set REPRISE_URL"):
        serve((200, {}, b"<html>hello</html>")).get("/api/instances")


def test_an_error_page_of_a_proxy_is_unreachable(serve: Serve) -> None:
    with pytest.raises(DependencyDown, match="status 502"):
        serve((502, {}, b"<html>bad gateway</html>")).get("/api/instances")


def test_a_dependency_that_is_down_is_unreachable_in_its_own_words(serve: Serve) -> None:
    with pytest.raises(DependencyDown, match="postgresql does not answer"):
        serve((503, {}, b'{"detail": "postgresql does not answer: refused"}')).get("/api/instances")


def test_an_answer_that_breaks_off_is_unreachable(serve: Serve) -> None:
    with pytest.raises(DependencyDown, match="reprise up"):
        serve((200, {"Content-Length": "1000"}, b"{")).get("/api/instances")


def test_each_wrong_field_is_named(serve: Serve) -> None:
    errors = [{"field": "cpu", "detail": "a"}, {"field": "name", "detail": "b"}]
    body = json.dumps({"detail": "2 fields are wrong", "field": "cpu", "errors": errors}).encode()
    with pytest.raises(BadInput, match=r"^cpu: a; name: b$"):
        serve((422, {}, body)).get("/api/instances")


def test_a_problem_without_fields_is_its_sentence(serve: Serve) -> None:
    with pytest.raises(Forbidden, match=r"^Only an admin may$"):
        serve((403, {}, b'{"detail": "Only an admin may"}')).get("/api/instances")


@pytest.mark.parametrize(
    ("target", "remedy"),
    [
        (Target("", ""), "set REPRISE_TOKEN to one that `reprise token` makes .*, or unset REPRISE_URL where"),
        (Target("", "old"), "the token is that of REPRISE_TOKEN; set it to one that `reprise token` makes"),
        (Target("", "old", Path("/x/client.json")), "the token is that of /x/client.json; restart `reprise up`, which"),
    ],
)
def test_a_token_that_is_not_believed_is_told_with_what_helps(serve: Serve, target: Target, remedy: str) -> None:
    client = serve((401, {}, b'{"detail": "The token has expired; send the header"}'))
    asking = Client(target._replace(url=client.url))
    with pytest.raises(Unauthorized, match=f"^The token has expired; {remedy}"):
        asking.get("/api/instances")


def test_a_server_that_never_answers_is_given_up() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(Target(f"http://127.0.0.1:{silent.getsockname()[1]}", ""), timeout=0.1)
        with pytest.raises(DependencyDown, match="timed out"):
            client.get("/")
