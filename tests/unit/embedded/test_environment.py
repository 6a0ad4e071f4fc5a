"""Reprise's own parts are given what is embedded, and what somebody set outside goes first."""

from pathlib import Path

import pytest

from embedded.directory import DataDirectory
from embedded.environment import api_url, completed, for_group
from embedded.groups import GROUPS, group
from embedded.state import PORTS, SECRETS, State
from embedded.up import servers
from schemas.settings import Settings

DIRECTORY = DataDirectory(Path("/data"))
STATE = State(
    {name: 7000 + number for number, name in enumerate(("api", *PORTS))}, {name: f"the-{name}" for name in SECRETS}
)


@pytest.fixture(autouse=True)
def no_outer_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"REPRISE_{name.upper()}", raising=False)


def variables(name: str, settings: Settings) -> dict[str, str]:
    environment = for_group(name, settings, STATE, DIRECTORY)
    return {name.removeprefix("REPRISE_"): value for name, value in environment.items() if name.startswith("REPRISE_")}


def test_everything_embedded_reaches_the_parts() -> None:
    assert variables("service", Settings(cluster="simulated")) == {
        "DATABASE_URL": "postgresql://reprise:the-database_password@127.0.0.1:7001/reprise",
        "NATS_URL": "nats://the-nats_token@127.0.0.1:7002",
        "CLUSTER": "simulated",
        "KUBECONFIG": "/data/cluster/kubeconfig",
        "NAMESPACE": "reprise",
        "JWT_SECRET": "the-jwt",
        "EVENT_KEY": "the-event_key",
        "CONSOLE_KEY": "the-console_key",
        "DATABASE_KEYS": "the-database_key",
        "AUDIT_SIGNING_KEY": "the-audit_key",
        "CHECKPOINT_FILE": "/data/checkpoints.jsonl",
        "API_URL": "http://127.0.0.1:7000",
        "DATABASE_SERVICE_URL": "http://127.0.0.1:7000",
        "HOST": "127.0.0.1",
        "PORT": "7000",
        "METRICS_PORT": "7000",
        "DATA_DIR": "/data",
    }


def test_a_setting_of_several_words_reaches_the_parts_as_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_RETRY_CAUSES", "timeout, quota_exceeded")
    settings = Settings.load()
    assert variables("workers", settings)["RETRY_CAUSES"] == "timeout,quota_exceeded"
    assert completed(settings, STATE, DIRECTORY).retry_causes == settings.retry_causes


def test_a_kubeconfig_from_outside_is_not_the_simulated_clusters() -> None:
    settings = Settings(cluster="simulated", kubeconfig=Path("/a/real/one"))
    assert variables("workers", settings)["KUBECONFIG"] == "/data/cluster/kubeconfig"
    settings = Settings(cluster="kubernetes", kubeconfig=Path("/a/real/one"))
    assert variables("workers", settings)["KUBECONFIG"] == "/a/real/one"


def test_the_workers_listen_beside_the_service_and_on_this_machine_only() -> None:
    service, workers = (variables(name, Settings(host="0.0.0.0")) for name in ("service", "workers"))  # noqa: S104
    listens = ("HOST", "PORT", "METRICS_PORT")
    assert [service.pop(name) for name in listens] == ["0.0.0.0", "7000", "7000"]  # noqa: S104
    assert [workers.pop(name) for name in listens] == ["127.0.0.1", "7004", "7004"]
    assert service == workers
    assert service["DATABASE_SERVICE_URL"] == "http://127.0.0.1:7000"


def test_what_was_set_outside_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_JWT_SECRET", "x" * 32)
    monkeypatch.setenv("REPRISE_DEPLOY_TIMEOUT", "10")
    found = variables("workers", Settings(nats_url="nats://elsewhere:4222"))
    assert (found["JWT_SECRET"], found["NATS_URL"]) == ("x" * 32, "nats://elsewhere:4222")
    assert float(found["DEPLOY_TIMEOUT"]) == 10


def test_each_value_is_one_that_the_settings_read_back() -> None:
    given = Settings(cluster="simulated", deploy_timeout=7, log_format="console", event_key="k" * 40)
    read = completed(given, STATE, DIRECTORY)
    assert (read.deploy_timeout, read.log_format, read.event_key) == (7, "console", given.event_key)
    assert read.port == 7000


def test_only_what_is_not_named_is_embedded() -> None:
    def names(settings: Settings) -> list[str]:
        return [child.name for child in servers(settings, STATE, DIRECTORY)]

    assert names(Settings(cluster="simulated")) == ["postgres", "nats", "cluster"]
    assert names(Settings(cluster="kubernetes")) == ["postgres", "nats"]
    assert names(Settings(cluster="kubernetes", database_url="postgresql://elsewhere/db")) == ["nats"]
    assert names(Settings(cluster="kubernetes", nats_url="nats://elsewhere:4222")) == ["postgres"]


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:7000"), ("0.0.0.0", "http://127.0.0.1:7000"), ("::", "http://[::1]:7000")],  # noqa: S104
)
def test_the_address_people_are_told_is_one_they_can_reach(host: str, url: str) -> None:
    assert api_url(Settings(host=host), STATE) == url


def test_every_part_is_in_exactly_one_group_and_started_by_the_command_line() -> None:
    parts = [part for parts in GROUPS.values() for part in parts]
    assert sorted(parts) == [
        "api",
        "cluster",
        "console",
        "database",
        "database-service",
        "lifecycle",
        "relay",
        "watcher",
    ]
    child = group("service", for_group("service", Settings(), STATE, DIRECTORY))
    assert child.command[1:] == ("-m", "cli.main", "serve", "--only", "api,database-service,console")
