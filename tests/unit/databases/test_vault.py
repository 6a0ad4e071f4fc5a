"""The keys of the passwords at rest, and what is said when they are wrong."""

import pytest
from cryptography.fernet import Fernet

from databases.secrets import Vault, new_password
from schemas.errors import BadSettings, DatabaseRefused
from schemas.settings import Settings

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_was_encrypted_is_decrypted_under_any_of_the_keys() -> None:
    stored = Vault(OLD).encrypt("geheim")

    assert "geheim" not in stored
    assert Vault(f"{NEW}, {OLD}").decrypt(stored) == "geheim"


def test_renewed_it_needs_the_newest_key_only() -> None:
    renewed = Vault(f"{NEW},{OLD}").renew(Vault(OLD).encrypt("geheim"))

    assert Vault(NEW).decrypt(renewed) == "geheim"


def test_another_key_is_refused_without_showing_anything() -> None:
    stored = Vault(OLD).encrypt("geheim")

    with pytest.raises(DatabaseRefused, match="REPRISE_DATABASE_KEYS") as refusal:
        Vault(NEW).decrypt(stored)

    assert stored not in str(refusal.value)


@pytest.mark.parametrize("keys", ["short", f"{OLD},", "ä" * 44, f"{OLD};{NEW}"])
def test_wrong_keys_stop_the_start_and_are_not_shown(keys: str) -> None:
    with pytest.raises(BadSettings, match="REPRISE_DATABASE_KEYS") as problem:
        Vault(keys)

    assert keys not in str(problem.value)
    assert problem.value.__context__ is None


def test_missing_keys_stop_the_start() -> None:
    with pytest.raises(BadSettings, match="REPRISE_DATABASE_KEYS: is missing"):
        Vault.of(Settings.load(database_keys=None))


def test_no_repr_shows_a_key() -> None:
    assert OLD not in repr(Vault(OLD)) + str(vars(Vault(OLD)))


def test_passwords_are_long_and_differ() -> None:
    passwords = {new_password() for _ in range(100)}

    assert len(passwords) == 100
    assert all(len(password) == 32 and password.isascii() for password in passwords)
