"""`reprise rotate`: passwords move to the newest key, and the older one is needed no more."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from databases.secrets import Vault
from databases.servers import SharedServer, register
from embedded.state import fernet_key
from schemas.errors import DatabaseRefused
from tests.integration.cli.test_migrate import reprise

OLD, NEW = fernet_key(), fernet_key()
SERVER = {"id": "one", "host": "db", "user": "root", "password": "secret", "capacity": 1}


async def test_passwords_are_stored_under_the_newest_key(engine: AsyncEngine, database: str) -> None:
    await register(engine, Vault(OLD), [SharedServer.model_validate(SERVER)])
    process = await reprise(database, "rotate", REPRISE_DATABASE_KEYS=f"{NEW},{OLD}")
    out, err = await process.communicate()
    assert (process.returncode, out) == (0, b"1 password is stored under the newest key.\n"), err
    async with engine.connect() as connection:
        stored = (await connection.execute(text("SELECT password FROM database_servers"))).scalar_one()
    assert Vault(NEW).decrypt(stored) == "secret"
    with pytest.raises(DatabaseRefused):
        Vault(OLD).decrypt(stored)


async def test_without_the_old_key_nothing_is_changed(engine: AsyncEngine, database: str) -> None:
    await register(engine, Vault(OLD), [SharedServer.model_validate(SERVER)])
    process = await reprise(database, "rotate", REPRISE_DATABASE_KEYS=NEW)
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"add the key it was written under" in err
