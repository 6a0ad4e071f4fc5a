"""Which servers the settings name, and what is said when they do so wrongly."""

import json

import pytest

from databases.servers import SharedServer, shared_servers
from schemas.errors import BadSettings
from schemas.settings import Settings

ONE = {"id": "pg-1", "host": "db.example.com", "port": 5433, "user": "admin", "password": "s3cret-pw", "capacity": 20}


def _named(*servers: dict[str, object]) -> tuple[SharedServer, ...]:
    return shared_servers(Settings.load(shared_servers=json.dumps(servers)))


def test_servers_are_read_from_json() -> None:
    (server,) = _named(ONE)

    assert (server.id, server.host, server.port, server.user, server.capacity) == (
        "pg-1",
        "db.example.com",
        5433,
        "admin",
        20,
    )
    assert server.password.get_secret_value() == "s3cret-pw"


def test_no_repr_shows_a_password() -> None:
    assert "s3cret-pw" not in repr(_named(ONE))


def test_without_any_the_server_of_the_tables_is_used() -> None:
    (server,) = shared_servers(Settings.load(database_url="postgresql://re%40prise:p%2Fw@10.0.0.5:6000/reprise"))

    assert (server.id, server.host, server.port, server.user) == ("embedded", "10.0.0.5", 6000, "re@prise")
    assert server.password.get_secret_value() == "p/w"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "Invalid JSON"),
        ('{"id": 1}', "valid array"),
        (json.dumps([{**ONE, "capacity": 0}]), "0.capacity: "),
        (json.dumps([ONE, {**ONE, "id": "no good"}]), "1.id: "),
        (json.dumps([{**ONE, "pasword": "s3cret-pw"}]), "0.pasword: "),
        (json.dumps([{**ONE, "password": ["s3cret-pw"]}]), "0.password: "),
        (json.dumps([ONE, ONE]), "pg-1 twice"),
    ],
)
def test_what_is_wrong_is_named_and_no_password_shown(text: str, what: str) -> None:
    with pytest.raises(BadSettings, match="REPRISE_SHARED_SERVERS") as problem:
        shared_servers(Settings.load(shared_servers=text))

    assert what in str(problem.value)
    assert "s3cret-pw" not in str(problem.value)
    assert problem.value.__context__ is None or problem.value.__suppress_context__


@pytest.mark.parametrize(
    "url", ["postgresql:///reprise", "postgresql://:s3cret-pw@host/d", "postgresql://u:s3cret-pw@h:x/d"]
)
def test_a_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="REPRISE_DATABASE_URL") as problem:
        shared_servers(Settings.load(database_url=url))

    assert "s3cret-pw" not in str(problem.value)
