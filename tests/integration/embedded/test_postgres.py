"""The embedded PostgreSQL: made once, closed but for its password, and it loses nothing when it is killed."""

from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from embedded.postgres import Postgres
from embedded.processes import started_at
from schemas.errors import BadSettings
from tests.support.ports import free_port
from tests.support.running import running


@pytest.fixture
def server(tmp_path: Path) -> Postgres:
    return Postgres(tmp_path / "postgres", free_port(), "a password: with/odd @characters%")


async def ask(server: Postgres, *questions: str) -> list[object]:
    connection = await asyncpg.connect(server.url())
    try:
        return [await connection.fetchval(question) for question in questions]
    finally:
        await connection.close()


async def test_what_was_committed_survives_kill_9(server: Postgres) -> None:
    async with running(server.child()) as process:
        await ask(server, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (42)")
        process.kill()
        process.wait()
    assert (server.directory / "data" / "postmaster.pid").exists()
    async with running(server.child()):
        assert await ask(server, "SELECT id FROM kept") == [42]


async def test_a_pid_file_whose_id_now_is_that_of_another_server_does_not_keep_it_from_starting(
    server: Postgres, postgres_server: Postgres
) -> None:
    async with running(server.child()):
        pass
    other = (postgres_server.directory / "data" / "postmaster.pid").read_text().splitlines()[0]
    (server.directory / "data" / "postmaster.pid").write_text(f"{other}\n{server.directory}/data\n")
    async with running(server.child()):
        assert await ask(server, "SELECT 1") == [1]
    assert await ask(postgres_server, "SELECT 1") == [1]


async def test_a_server_left_running_on_the_same_directory_is_ended_first(server: Postgres) -> None:
    async with running(server.child()) as left_over, running(server.child()):
        assert started_at(left_over.pid) is None
        assert await ask(server, "SELECT 1") == [1]


async def test_an_interrupted_initialisation_leaves_no_server_that_looks_made(server: Postgres) -> None:
    (server.directory / "new-half" / "base").mkdir(parents=True)
    async with running(server.child()):
        assert await ask(server, "SELECT 1") == [1]
    assert sorted(path.name for path in server.directory.iterdir()) == ["data"]


async def test_only_the_password_opens_it(postgres_server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.url().replace(postgres_server.password, "wrong"))


async def test_it_keeps_what_was_committed_on_the_disk_and_listens_on_this_machine_only(server: Postgres) -> None:
    async with running(server.child()):
        shown = await ask(
            server,
            "SHOW fsync",
            "SHOW synchronous_commit",
            "SHOW full_page_writes",
            "SHOW listen_addresses",
            "SHOW unix_socket_directories",
        )
    assert shown == ["on", "on", "on", "127.0.0.1", ""]


async def test_another_password_than_it_was_made_with_is_refused_in_one_sentence(postgres_server: Postgres) -> None:
    with pytest.raises(BadSettings, match=r"^REPRISE_DATA_DIR: the stored password does not open the PostgreSQL in "):
        await replace(postgres_server, password="another").ready()
