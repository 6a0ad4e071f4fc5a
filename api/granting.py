"""Which role a person has whom an identity provider vouches for: by the values of one claim."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from pydantic import TypeAdapter, ValidationError

from api.tokens import Role
from schemas.errors import BadSettings, Forbidden
from schemas.settings import Settings
from schemas.text import LabelValue

SETTING = "REPRISE_OIDC_ROLES"
WRITE = 'write it like {"reprise-admins": "admin", "acme-staff": "customer:acme", "customer-*": "customer:*"}'
CUSTOMER = f"{Role.CUSTOMER}:"
_NAME = TypeAdapter[str](LabelValue)


class Grant(NamedTuple):
    """A role, and for customers which."""

    role: Role
    customer_id: str | None = None


class Granting:
    """`rules`: what each value of `claim` grants. One '*' in a value stands for the customer's name."""

    def __init__(self, claim: str, rules: Mapping[str, str]) -> None:
        """Raises BadSettings for a rule that grants no role, or everything to anybody."""
        self._claim = claim
        self._rules = dict(rules)
        for value, granted in rules.items():
            named = granted.removeprefix(CUSTOMER) if granted.startswith(CUSTOMER) else ""
            if granted != Role.ADMIN and not (named == "*" or _is_name(named)):
                raise BadSettings(SETTING, f"{granted!r} is neither admin nor customer:NAME; {WRITE}")
            if value.count("*") > 1 or ("*" in value) != (named == "*"):
                raise BadSettings(SETTING, f"{value!r}: one '*' stands for the name in customer:*, and only there")

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say. Raises BadSettings."""
        try:
            rules = json.loads(settings.oidc_roles)
        except ValueError as error:
            raise BadSettings(SETTING, f"is no JSON; {WRITE}") from error
        if not isinstance(rules, dict) or not all(isinstance(granted, str) for granted in rules.values()) or not rules:
            raise BadSettings(SETTING, f"is no JSON object of roles by values; {WRITE}")
        return cls(settings.oidc_role_claim, rules)

    def granted(self, claims: Mapping[str, Any]) -> Grant:
        """The one role that the values of the claim grant: admin before customer.

        Raises Forbidden, with what the person's values are, where they grant none, or two customers'.
        """
        values = _texts(claims.get(self._claim))
        grants = {grant for value in values if (grant := self._of(value)) is not None}
        if Grant(Role.ADMIN) in grants:
            return Grant(Role.ADMIN)
        if len(grants) > 1:
            names = ", ".join(sorted(str(grant.customer_id) for grant in grants))
            raise Forbidden(f"You belong to more than one customer ({names}), and a session is one customer's")
        if not grants:
            found = f"is {', '.join(values)}" if values else "is missing"
            raise Forbidden(f"You have no role in Reprise: your claim {self._claim} {found}, which grants none")
        return grants.pop()

    def _of(self, value: str) -> Grant | None:
        if value in self._rules and "*" not in value:
            return _grant(self._rules[value])
        for pattern, granted in self._rules.items():
            before, star, after = pattern.partition("*")
            fits = value.startswith(before) and value.endswith(after) and len(value) > len(before) + len(after)
            if star and fits:
                return _grant(granted, value[len(before) : len(value) - len(after)])
        return None


def _is_name(text: str) -> bool:
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return True


def _grant(granted: str, name: str = "") -> Grant:
    if granted == Role.ADMIN:
        return Grant(Role.ADMIN)
    return Grant(Role.CUSTOMER, granted.removeprefix(CUSTOMER).replace("*", name))


def _texts(found: object) -> list[str]:
    """The values of a claim that is one text, or a list of them."""
    each = found if isinstance(found, list) else [found]
    return [value for value in each if isinstance(value, str) and value]
