"""`reprise doctor`: says that all is well where it is, and names what is not, with the remedy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Reprise, Service, variables
from tests.support.ports import free_port
from tests.support.postgres import Postgres

EXAMPLE = Path(__file__).parents[3] / "docs" / "profiles.yaml"
Doctor = Callable[..., dict[str, Any]]


@pytest.fixture
def doctor(run: Reprise, service: Service, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs it with the settings of a service that is well, some of them changed; answers the findings by name."""

    def examine(*, code: int, **changes: str) -> dict[str, Any]:
        whole = variables(service.settings) | {"REPRISE_URL": service.url, "REPRISE_TOKEN": service.token()}
        for name, value in {**whole, **changes}.items():
            monkeypatch.setenv(name, value)
        said = run("doctor", "--output", "json")
        assert said.code == code, said
        document = json.loads(said.out)
        assert document["ok"] is (code == 0)
        return {finding["name"]: finding for finding in document["checks"]}

    return examine


def test_where_all_is_well_it_says_so(doctor: Doctor) -> None:
    found = doctor(code=0)
    assert {name for name, finding in found.items() if not finding["ok"]} == set()
    assert set(found) >= {"python", "secrets", "postgresql", "schema", "nats", "cluster", "api", "database-service"}
    assert found["secrets"]["detail"].endswith("; exports and checkpoints are signed")
    assert found["nats"]["detail"].startswith("NATS 2.")
    assert "1 node" in found["cluster"]["detail"]


def test_a_postgresql_that_does_not_answer(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/x")
    assert not found["postgresql"]["ok"]
    assert "REPRISE_DATABASE_URL" in found["postgresql"]["mend"]
    assert found["nats"]["ok"]


def test_a_database_that_was_never_migrated(doctor: Doctor, postgres_server: Postgres) -> None:
    found = doctor(code=1, REPRISE_DATABASE_URL=postgres_server.url("postgres"))
    assert found["postgresql"]["ok"]
    assert found["schema"]["detail"].startswith("the schema is at nothing")
    assert found["schema"]["mend"] == "run `reprise migrate`"


def test_a_signing_key_that_is_missing_or_wrong(doctor: Doctor) -> None:
    missing = doctor(code=0, REPRISE_AUDIT_SIGNING_KEY="")["secrets"]
    assert "no checkpoint taken without REPRISE_AUDIT_SIGNING_KEY" in missing["detail"]
    wrong = doctor(code=1, REPRISE_AUDIT_SIGNING_KEY="x")["secrets"]
    assert "REPRISE_AUDIT_SIGNING_KEY: is no list of keys" in wrong["detail"]


def test_what_each_profile_gives_an_instance(doctor: Doctor) -> None:
    shown = doctor(code=0, REPRISE_PROFILES=str(EXAMPLE))["profiles"]["detail"].splitlines()
    assert shown[0] == f"from {EXAMPLE}"
    assert shown[1] == "default: odoo:18.0, modules base, 0 workers, 500m CPU, 1Gi memory, 10Gi volume"
    assert shown[2].startswith("shop: registry.example.com/odoo:18.0-20260101 (Odoo 18.0), modules base, ")


def test_profiles_that_cannot_be_used(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text("profiles: {default: {imaje: odoo:18.0}}")
    found = doctor(code=1, REPRISE_PROFILES=str(file))["profiles"]
    assert "profiles.default.imaje" in found["detail"]
    assert found["mend"] == "correct the file that REPRISE_PROFILES names"


def test_a_nats_that_does_not_answer(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_NATS_URL=f"nats://127.0.0.1:{free_port()}")
    assert not found["nats"]["ok"]
    assert "--jetstream" in found["nats"]["mend"]


def test_a_cluster_that_cannot_be_reached(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_KUBECONFIG="/nowhere/kubeconfig")
    assert not found["cluster"]["ok"]
    assert "REPRISE_KUBECONFIG" in found["cluster"]["mend"]


def test_a_token_that_the_api_does_not_take(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_TOKEN="worthless")
    assert "The token is not valid" in found["api"]["detail"]


def test_a_misspelt_variable(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_DEPLOY_TIMEOT="5")
    assert found["settings"]["detail"] == "REPRISE_DEPLOY_TIMEOT: is no setting of Reprise"


def test_a_setting_with_a_wrong_value(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_PORT="high")
    assert list(found) == ["settings"]
    assert found["settings"]["detail"].startswith("REPRISE_PORT: ")


def test_keys_that_are_none(doctor: Doctor) -> None:
    found = doctor(code=1, REPRISE_DATABASE_KEYS="short")
    assert "REPRISE_DATABASE_KEYS" in found["secrets"]["detail"]


def test_the_table_names_the_remedy(run: Reprise) -> None:
    said = run("doctor")
    assert said.code == 1
    assert "start everything with `reprise up`" in said.out
    assert "Traceback" not in said.err
