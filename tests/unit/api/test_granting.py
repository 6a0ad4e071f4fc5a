"""What the values of a claim grant, and to whom they grant nothing."""

from typing import Any

import pytest

from api.granting import Granting
from api.tokens import Role
from schemas.errors import BadSettings, Forbidden
from schemas.settings import Settings

RULES = {
    "ops": "admin",
    "acme-staff": "customer:acme",
    "customer-*": "customer:*",
    "customer-umbrella": "customer:corp",
}
ACME = (Role.CUSTOMER, "acme")


@pytest.mark.parametrize(
    ("groups", "grant"),
    [
        (["ops"], (Role.ADMIN, None)),
        ("ops", (Role.ADMIN, None)),
        (["staff", "acme-staff"], ACME),
        (["customer-globex"], (Role.CUSTOMER, "globex")),
        (["customer-umbrella"], (Role.CUSTOMER, "corp")),
        (["acme-staff", "customer-acme"], ACME),
        (["customer-globex", "ops"], (Role.ADMIN, None)),
        (["ops", 7, None, {"a": "b"}], (Role.ADMIN, None)),
    ],
)
def test_a_value_grants_what_its_rule_says(groups: Any, grant: tuple[Role, str | None]) -> None:
    assert Granting("groups", RULES).granted({"groups": groups}) == grant


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({}, "your claim groups is missing"),
        ({"groups": []}, "your claim groups is missing"),
        ({"groups": {"ops": True}}, "your claim groups is missing"),
        ({"roles": ["ops"]}, "your claim groups is missing"),
        ({"groups": ["staff", "dev"]}, "your claim groups is staff, dev, which grants none"),
        ({"groups": ["OPS", "ops ", "xops"]}, "grants none"),
        ({"groups": ["customer-", "customers"]}, "grants none"),
        ({"groups": ["customer-globex", "acme-staff"]}, "more than one customer (acme, globex)"),
    ],
)
def test_whoever_has_no_role_is_told_why(claims: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Forbidden) as refused:
        Granting("groups", RULES).granted(claims)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "rules",
    ["", "ops=admin", "[]", "{}", '{"ops": 1}', '{"ops": "root"}', '{"ops": "service"}', '{"ops": "customer:a b"}'],
)
def test_rules_that_cannot_be_stop_the_start(rules: str) -> None:
    with pytest.raises(BadSettings, match="REPRISE_OIDC_ROLES"):
        Granting.of(Settings(oidc_roles=rules))


@pytest.mark.parametrize(
    "rules",
    [
        {"*": "admin"},
        {"ops-*": "admin"},
        {"a-*-*": "customer:*"},
        {"a": "customer:*"},
        {"a-*": "customer:acme"},
        {"a": "customer:"},
    ],
)
def test_a_star_grants_a_customer_of_that_name_and_nothing_else(rules: dict[str, str]) -> None:
    with pytest.raises(BadSettings, match="REPRISE_OIDC_ROLES"):
        Granting("groups", rules)
