"""The script of the init container, by a real shell, a real psql and a real server; the odoo in it is a stand-in."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from cluster.configuration import INITIALISE, odoo_conf
from cluster.credentials import Credentials
from cluster.profiles import Profile
from embedded.postgres import binary
from tests.integration.cluster.doing import instance
from tests.support import odoo
from tests.support.ports import free_port

RANDOM = "made-once-'and-random"


@dataclass
class InitContainer:
    """What the pod would run, in its own environment, with the odoo.conf that its Secret would hold."""

    directory: Path
    database: str

    def __post_init__(self) -> None:
        program = self.directory / "odoo"
        program.write_text(f"#!{sys.executable} -P\n{Path(odoo.__file__).read_text()}")
        program.chmod(0o755)
        server = urlsplit(self.database)
        where = Credentials(
            str(server.hostname),
            int(server.port or 0),
            server.path.removeprefix("/"),
            str(server.username),
            unquote(str(server.password)),
        )
        conf = self.directory / "odoo.conf"
        conf.write_text(odoo_conf(instance(), Profile(), where, "master"))
        self.environment = {
            "PATH": f"{self.directory}:{binary('psql').parent}:{os.environ['PATH']}",
            "ODOO_RC": str(conf),
            "ODOO_VERSION": "18.0",
            "ODOO_CALLS": str(self.directory / "calls"),
            "REPRISE_MODULES": "base,sale",
            "REPRISE_VERSION": "",
            "REPRISE_INITIALISE": "yes",
            "REPRISE_ADMIN_PASSWORD": RANDOM,
            "PGHOST": where.host,
            "PGPORT": str(where.port),
            "PGUSER": where.username,
            "PGPASSWORD": where.password,
            "PGDATABASE": where.database,
        }

    async def run(self, **changes: str) -> tuple[int | None, str]:
        """Its exit code, and its last words."""
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            INITIALISE,
            env={**self.environment, **changes},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    async def value(self, query: str) -> object:
        """One value from the database."""
        connection = await asyncpg.connect(self.database)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def password(self) -> object:
        return await self.value("SELECT password FROM res_users WHERE login = 'admin'")

    async def marked(self) -> object:
        return await self.value("SELECT to_regclass('public.reprise_initialised') IS NOT NULL")


@pytest.fixture
def container(tmp_path: Path, database: str) -> InitContainer:
    return InitContainer(tmp_path, database)


@pytest.mark.parametrize("version", ["16.0", "17.0", "18.0", "18.0+e", "saas~18.3", "19.0", "19.0+e", "20.0"])
async def test_every_version_is_initialised_without_demo_data_and_with_a_random_password(
    container: InitContainer, version: str
) -> None:
    code, said = await container.run(ODOO_VERSION=version)
    assert code == 0, said
    assert await container.password() == RANDOM
    assert await container.value("SELECT string_agg(name, ',' ORDER BY name) FROM ir_module_module") == "base,sale,web"
    assert await container.value("SELECT bool_or(demo) FROM ir_module_module") is False
    assert await container.value("SELECT at <= now() FROM reprise_initialised") is True
    assert "integer" not in said


@pytest.mark.parametrize(("version", "flag"), [("18.0", "--without-demo=all"), ("saas~19.1", None), ("19.0", None)])
async def test_the_old_flag_is_left_out_from_19_on(container: InitContainer, version: str, flag: str | None) -> None:
    assert (await container.run(ODOO_VERSION=version))[0] == 0
    conf = f"--config={container.environment['ODOO_RC']}"
    initialised = [conf, "--init=base,sale", "--stop-after-init", "--no-http", *([flag] if flag else [])]
    calls = (container.directory / "calls").read_text().splitlines()
    assert calls == ["--version", " ".join(initialised), f"shell {conf} --no-http"]


async def test_it_is_done_once(container: InitContainer) -> None:
    assert (await container.run())[0] == 0
    await container.value("UPDATE res_users SET password = 'the customer''s own'")
    assert await container.run(REPRISE_MODULES="base,stock") == (0, "the database was initialised before\n")
    assert await container.password() == "the customer's own"
    assert await container.value("SELECT count(*) FROM ir_module_module WHERE name = 'stock'") == 0


async def test_nothing_is_initialised_while_the_database_does_not_answer(container: InitContainer) -> None:
    assert (await container.run(PGPORT=str(free_port())))[0] != 0
    assert await container.value("SELECT to_regclass('res_users')") is None


@pytest.mark.parametrize("broken", ["init", "shell"])
async def test_what_fails_half_way_leaves_no_marker_and_is_done_again(container: InitContainer, broken: str) -> None:
    assert (await container.run(ODOO_FAILS=broken))[0] != 0
    assert (await container.password(), await container.marked()) == ("admin", False)
    assert (await container.run())[0] == 0
    assert (await container.password(), await container.marked()) == (RANDOM, True)


async def test_a_module_that_the_image_does_not_have_is_named(container: InitContainer) -> None:
    code, said = await container.run(REPRISE_MODULES="base,sale,sael,stok")
    assert code != 0
    assert said.endswith("the image does not have: sael, stok\n")
    assert await container.marked() is False


@pytest.mark.parametrize(
    ("wanted", "held"), [("18.0", "17.0"), ("18.0", "saas~18.3"), ("saas~18.3", "18.0"), ("19.0", "19.1")]
)
async def test_an_image_of_another_version_touches_nothing(container: InitContainer, wanted: str, held: str) -> None:
    code, said = await container.run(REPRISE_VERSION=wanted, ODOO_VERSION=held)
    assert code != 0
    assert said == f"the image holds Odoo {held}, but the profile says {wanted}\n"
    assert await container.value("SELECT to_regclass('res_users')") is None


@pytest.mark.parametrize(("wanted", "held"), [("18.0", "18.0+e"), ("saas~18.3", "saas~18.3+e"), ("", "17.0")])
async def test_the_version_that_the_profile_says_passes(container: InitContainer, wanted: str, held: str) -> None:
    assert (await container.run(REPRISE_VERSION=wanted, ODOO_VERSION=held))[0] == 0


RAN = {"REPRISE_INITIALISE": "no", "REPRISE_ADMIN_PASSWORD": "", "REPRISE_MODULES": "base,stock"}
LEFT = (0, "it has run before: its database is left as it is\n")


@pytest.mark.parametrize("version", ["16.0", "18.0+e", "saas~18.3"])
async def test_what_has_run_goes_on_with_an_image_of_its_version(container: InitContainer, version: str) -> None:
    await container.run(ODOO_VERSION=version)
    assert await container.run(**RAN, ODOO_VERSION=version) == LEFT
    assert await container.password() == RANDOM


async def test_what_was_adopted_is_left_as_it_is_without_a_marker(container: InitContainer) -> None:
    await container.run()
    await container.value("DROP TABLE reprise_initialised")
    assert await container.run(**RAN) == LEFT
    assert await container.marked() is False


@pytest.mark.parametrize(("had", "held"), [("18.0", "19.0"), ("18.0", "saas~18.3"), ("18.0", "8.0"), ("16.0", "1.6")])
async def test_an_image_of_another_version_is_no_upgrade(container: InitContainer, had: str, held: str) -> None:
    await container.run(ODOO_VERSION=had)
    code, said = await container.run(**RAN, ODOO_VERSION=held)
    assert code != 0
    assert said.startswith(f"the database is of Odoo {had}.1.3 and the image holds {held}: ")
    assert said.endswith("changing an image is not an upgrade\n")


async def test_where_the_database_does_not_say_odoo_is_left_to_find_out(container: InitContainer) -> None:
    for changes in ({}, {"PGPORT": str(free_port())}):
        code, said = await container.run(**RAN, **changes)
        assert code == 0
        assert said.endswith(LEFT[1])


async def test_an_image_that_does_not_say_its_version_runs_unless_the_profile_says_one(
    container: InitContainer,
) -> None:
    await container.run()
    assert await container.run(**RAN, ODOO_VERSION="ours") == LEFT
    code, said = await container.run(ODOO_VERSION="ours", REPRISE_VERSION="18.0")
    assert code != 0
    assert "holds Odoo of no known version" in said
