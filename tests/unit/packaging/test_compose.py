"""compose.yaml: valid, complete, and made of settings that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from cli.parts import PARTS
from schemas.settings import Settings

TEXT = (Path(__file__).parents[3] / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_it_is_what_the_compose_specification_allows() -> None:
    # the package reads no YAML merge keys, so it is given what they come to
    assert set(PyCompose.from_json(json.dumps(COMPOSE)).service_names()) == set(SERVICES)


def test_the_package_refuses_what_the_specification_does_not_allow() -> None:
    with pytest.raises(ValueError, match="depends"):
        PyCompose.from_json(json.dumps({"services": {"a": {"image": "a", "dependson": []}}}))


def test_every_part_is_one_service() -> None:
    served = {name: service["command"] for name, service in SERVICES.items() if "serve" in service.get("command", ())}
    assert served == {part: ["serve", "--only", part] for part in PARTS}


def test_every_variable_is_a_setting() -> None:
    known = {f"REPRISE_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"REPRISE_\w+", TEXT)) <= known


def test_every_service_that_stays_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "test" not in service["healthcheck"]} == {"migrate"}


def test_no_secret_stands_in_the_file() -> None:
    secret = re.compile(r"(PASSWORD|SECRET|KEY|KEYS): (?!\$\{)", re.MULTILINE)
    assert secret.findall(TEXT) == []
