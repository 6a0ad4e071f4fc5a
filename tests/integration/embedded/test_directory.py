"""The data directory: chosen once, private, for one `reprise up` at a time."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from api.server import bind
from embedded.directory import DataDirectory, exclusively
from embedded.ports import Claims, choose
from embedded.state import PORTS, SECRETS, State, remembered
from schemas.errors import BadSettings, Conflict
from schemas.settings import Settings


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    with exclusively(tmp_path / "data") as directory:
        yield directory


def chosen(directory: DataDirectory, settings: Settings) -> State:
    """As a `reprise up` that has ended chose it."""
    with Claims() as claims:
        return remembered(directory, settings, claims)


def test_ports_and_secrets_are_chosen_once_and_remembered(directory: DataDirectory) -> None:
    first = chosen(directory, Settings())
    assert chosen(directory, Settings()) == first
    assert set(first.ports) == {"api", *PORTS}
    assert len(set(first.ports.values())) == len(first.ports)
    assert len(set(first.secrets.values())) == len(SECRETS)


def test_a_port_that_is_taken_meanwhile_is_chosen_anew_and_the_others_are_kept(directory: DataDirectory) -> None:
    first = chosen(directory, Settings())
    with socket.create_server(("127.0.0.1", first.ports["nats"])):
        second = chosen(directory, Settings())
    assert second.ports["nats"] != first.ports["nats"]
    assert {**second.ports, "nats": 0} == {**first.ports, "nats": 0}


def test_a_secret_that_a_later_version_adds_is_completed(directory: DataDirectory) -> None:
    first = chosen(directory, Settings())
    stored = json.loads(directory.state.read_text())
    del stored["secrets"]["event_key"]
    directory.state.write_text(json.dumps(stored))
    second = chosen(directory, Settings())
    assert second.secrets["event_key"] not in ("", first.secrets["event_key"])
    assert second.secrets["jwt"] == first.secrets["jwt"]


def test_the_key_for_passwords_at_rest_is_one_that_cryptography_takes(directory: DataDirectory) -> None:
    key = Fernet(chosen(directory, Settings()).secrets["database_key"])
    assert key.decrypt(key.encrypt(b"password")) == b"password"


def test_a_port_somebody_insists_on_is_refused_when_taken(directory: DataDirectory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(BadSettings, match=rf"^REPRISE_PORT: port {port} is in use by another program"):
            chosen(directory, Settings(port=port))


def test_a_port_that_was_only_the_default_gives_way(directory: DataDirectory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        default = Settings.model_construct(_fields_set=set(), port=port, host="127.0.0.1")
        assert chosen(directory, default).ports["api"] != port


def test_what_one_has_chosen_is_taken_for_another_before_anything_listens_there(
    directory: DataDirectory, tmp_path: Path
) -> None:
    with Claims() as claims, exclusively(tmp_path / "other") as beside:
        first = remembered(directory, Settings(), claims)
        beside.state.write_text(directory.state.read_text())
        second = chosen(beside, Settings())
        assert set(first.ports.values()).isdisjoint(second.ports.values())
        with pytest.raises(BadSettings, match=r"^REPRISE_PORT: port \d+ is in use"):
            chosen(beside, Settings(port=first.ports["api"]))
    assert chosen(directory, Settings()) == first


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])  # noqa: S104 - what people set
def test_a_port_that_is_claimed_can_be_listened_on(host: str) -> None:
    with Claims() as claims:
        port = claims.for_api(choose(), host, insisted=True, known=None)
        bind(host, port).close()
        assert not claims.claim(port, host)


def test_a_damaged_state_is_refused_and_left_as_it_is(directory: DataDirectory) -> None:
    directory.state.write_text('{"ports": 7')
    with pytest.raises(BadSettings, match=r"state\.json is damaged"):
        chosen(directory, Settings())
    assert directory.state.read_text() == '{"ports": 7'


def test_secrets_and_directory_are_private(directory: DataDirectory) -> None:
    chosen(directory, Settings())
    assert stat.S_IMODE(directory.state.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.root.stat().st_mode) == 0o700


def test_a_second_up_on_the_same_directory_is_refused_in_one_sentence(directory: DataDirectory) -> None:
    with (
        pytest.raises(Conflict, match=rf"^Another `reprise up` \(process {os.getpid()}\) is using {directory.root}: "),
        exclusively(directory.root),
    ):
        pytest.fail("two use the same directory")


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusively(tmp_path / "data") as directory:
            assert directory.root.is_dir()


def test_a_directory_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(BadSettings, match=r"^REPRISE_DATA_DIR: cannot use .*: Not a directory"),
        exclusively(tmp_path / "file" / "data"),
    ):
        pytest.fail("there is no directory")
