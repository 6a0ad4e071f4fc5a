"""How commands find the API, and what they say and answer where they cannot."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Reprise, Service
from tests.support.ports import free_port


def write_client(directory: Path, url: str, token: str) -> None:
    directory.mkdir()
    (directory / "client.json").write_text(json.dumps({"url": url, "token": token}))


def test_without_any_word_of_reprise_it_is_unreachable_and_says_what_to_do(run: Reprise) -> None:
    said = run("list")
    assert (said.code, said.out) == (3, "")
    assert "reprise up" in said.err
    assert said.err.count("\n") == 1


def test_a_server_that_does_not_answer_is_3_with_its_address(run: Reprise, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("REPRISE_URL", url)
    said = run("list")
    assert said.code == 3
    assert url in said.err
    assert "Connection refused" in said.err


def test_a_wrong_address_is_a_wrong_setting(run: Reprise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_URL", "localhost:8080")
    said = run("list")
    assert said.code == 2
    assert said.err.startswith("REPRISE_URL: ")


def test_the_data_directory_is_found_from_below(
    run: Reprise, service: Service, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_client(nowhere / ".reprise", service.url, service.token())
    below = nowhere / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run("list").code == 0


def test_the_data_directory_may_be_named(
    run: Reprise, service: Service, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_client(nowhere / "elsewhere", service.url, service.token())
    monkeypatch.setenv("REPRISE_DATA_DIR", str(nowhere / "elsewhere"))
    assert run("list").code == 0


def test_a_token_from_a_file_is_not_sent_to_an_address_from_the_environment(
    run: Reprise, service: Service, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_client(nowhere / ".reprise", "http://127.0.0.1:1", service.token())
    monkeypatch.setenv("REPRISE_URL", service.url)
    said = run("list")
    assert said.code == 1
    assert said.err.startswith("A token is needed; set REPRISE_TOKEN to one that `reprise token` makes")


def test_a_broken_client_file_is_a_wrong_setting(run: Reprise, nowhere: Path) -> None:
    write_client(nowhere / ".reprise", "", "")
    (nowhere / ".reprise" / "client.json").write_text("{")
    said = run("list")
    assert said.code == 2
    assert "client.json" in said.err


def test_a_token_is_issued_and_lets_one_customer_in(
    run: Reprise, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_JWT_SECRET", "s" * 32)
    made = run("token", "--role", "customer", "--customer", "acme")
    assert made.code == 0, made.err
    monkeypatch.setenv("REPRISE_URL", service.url)
    monkeypatch.setenv("REPRISE_TOKEN", made.out.strip())
    assert run("list").code == 0
    refused = run("create", "--customer", "umbrella", "--name", "theirs")
    assert (refused.code, "acme" in refused.err) == (1, True)


def test_a_token_cannot_be_issued_without_the_secret(run: Reprise) -> None:
    said = run("token", "--role", "admin")
    assert said.code == 2
    assert said.err.startswith("REPRISE_JWT_SECRET: ")


def test_an_unknown_id_is_not_found(reprise: Reprise) -> None:
    said = reprise("show", "00000000-0000-4000-8000-000000000000")
    assert (said.code, said.err) == (1, "Instance not found\n")
