"""Makes and reads the claims of a token: who calls, as what, and for which customer."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

import jwt
from pydantic import BaseModel, StringConstraints, ValidationError, model_validator

from schemas.errors import BadInput, BadSettings
from schemas.remedies import first_problem
from schemas.settings import Settings
from schemas.text import LabelValue, Plain

ALGORITHM = "HS256"
SECRET_BYTES = 32
"""What RFC 7518, section 3.2, asks of a key for HS256."""


class Role(StrEnum):
    """What a caller may do: everything, everything with its own instances, or what parts ask of each other."""

    ADMIN = "admin"
    CUSTOMER = "customer"
    SERVICE = "service"


class Claims(BaseModel):
    """The claims that Reprise reads; a token may carry others."""

    sub: Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=r"^\S(.*\S)?$"), Plain]
    role: Role
    customer_id: LabelValue | None = None

    @model_validator(mode="after")
    def _customer_has_an_id(self) -> Self:
        if self.role is Role.CUSTOMER and self.customer_id is None:
            raise ValueError("role customer needs the claim customer_id")
        return self


def shared_secrets(settings: Settings) -> tuple[str, ...]:
    """The secrets of the tokens: the first signs, each proves. Raises BadSettings where one is missing or short."""
    if settings.jwt_secret is None:
        raise BadSettings("REPRISE_JWT_SECRET", f"is missing; set it to {SECRET_BYTES} or more random bytes")
    secrets = tuple(secret.strip() for secret in settings.jwt_secret.get_secret_value().split(","))
    if min(len(secret.encode()) for secret in secrets) < SECRET_BYTES:
        raise BadSettings("REPRISE_JWT_SECRET", f"is too short; use {SECRET_BYTES} or more random bytes")
    return secrets


def mint_token(
    settings: Settings,
    role: Role,
    subject: str,
    customer_id: str | None = None,
    lifetime: timedelta = timedelta(hours=12),
    *,
    now: datetime | None = None,
) -> str:
    """A token signed with jwt_secret. Raises BadSettings without one, BadInput for claims that would be refused."""
    try:
        claims = Claims(sub=subject, role=role, customer_id=customer_id)
    except ValidationError as error:
        claim, sentence = first_problem(error)
        raise BadInput(claim or "token", sentence) from error
    issued = now or datetime.now(UTC)
    content = claims.model_dump(mode="json", exclude_none=True)
    times = {"iat": issued, "exp": issued + lifetime}
    return jwt.encode({**content, **times, "aud": settings.jwt_audience}, shared_secrets(settings)[0], ALGORITHM)
