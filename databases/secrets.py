"""Passwords at rest are encrypted, under keys that can be changed while everything runs."""

import re
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from databases.failures import transaction
from databases.tables import database_servers, databases
from schemas.errors import BadSettings, DatabaseRefused
from schemas.settings import Settings

SETTING = "REPRISE_DATABASE_KEYS"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


class Vault:
    """Encrypts under the first key, decrypts under each. Never shows a key."""

    def __init__(self, keys: str) -> None:
        """`keys`: Fernet keys (32 bytes, url-safe base64) separated by commas, newest first. Raises BadSettings."""
        named = [key.strip() for key in keys.split(",")]
        if not all(_KEY.fullmatch(key) for key in named):  # Fernet itself overlooks what follows a key
            raise BadSettings(
                SETTING, "is no list of Fernet keys (32 bytes in url-safe base64), separated by commas, newest first"
            )
        self._fernet = MultiFernet([Fernet(key) for key in named])

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        """With the keys of these settings. Raises BadSettings where they are missing or wrong."""
        keys = settings.required("database_keys").database_keys
        return cls(keys.get_secret_value() if keys else "")

    def encrypt(self, password: str) -> str:
        """The password as it may be stored."""
        return self._fernet.encrypt(password.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """The inverse. Raises DatabaseRefused where none of the keys fits."""
        try:
            return self._fernet.decrypt(stored).decode()
        except InvalidToken:
            raise DatabaseRefused(
                f"The stored password cannot be read with any key of {SETTING}; add the key it was written under"
            ) from None

    def renew(self, stored: str) -> str:
        """The same password under the newest key. Raises DatabaseRefused as `decrypt` does."""
        return self.encrypt(self.decrypt(stored))


def new_password() -> str:
    """192 random bits in characters that need no quoting in a URL, an odoo.conf or SQL."""
    return secrets.token_urlsafe(24)


async def rotate(engine: AsyncEngine, vault: Vault) -> int:
    """Store every password under the newest key, after which the older keys may be dropped; answers how many.

    All or nothing. Calls meanwhile are safe: they wait for a row or read it as it was.
    Raises DatabaseRefused where a password cannot be read, DependencyDown.
    """
    async with transaction(engine) as connection:
        return sum([await _rotate_table(connection, vault, table) for table in (database_servers, databases)])


async def _rotate_table(connection: AsyncConnection, vault: Vault, table: Table) -> int:
    (key,) = table.primary_key.columns
    statement = select(key, table.c.password).where(table.c.password.is_not(None)).order_by(key).with_for_update()
    rows = (await connection.execute(statement)).all()
    for identity, stored in rows:
        await connection.execute(update(table).where(key == identity).values(password=vault.renew(stored)))
    return len(rows)
