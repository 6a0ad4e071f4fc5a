"""Who calls: all but health and sign-in need a token, which is checked before anything else looks at the request."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import jwt
from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.keys import Keys
from api.problems import problem_of
from api.tokens import Claims, Role
from schemas.errors import Forbidden, NotFound, RepriseError, Unauthorized
from schemas.events import Actor
from schemas.remedies import first_problem

Page = Callable[[], Response]
"""What a browser is shown at a path in place of a problem, while it has no token: a form to give one."""

_PROGRAMS = {"reprise-cli": "cli", "reprise-console": "console"}
LEEWAY = 30
"""Seconds by which the clocks of issuer and Reprise may differ."""

GET_ONE = "send the header 'Authorization: Bearer <token>' (`reprise token` makes one)"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as what, and by what means."""

    subject: str
    role: Role
    customer_id: str | None
    via: str = "api"

    @property
    def actor(self) -> Actor:
        """As the audit log names the caller."""
        return Actor(self.via, self.subject)

    @property
    def key(self) -> str:
        """Tells callers apart where their idempotency keys are remembered."""
        return f"{self.role}:{self.customer_id or ''}:{self.subject}"

    @property
    def only(self) -> str | None:
        """The customer to whom the caller's view is narrowed; None for admins."""
        return None if self.role is Role.ADMIN else self.customer_id

    def sees(self, customer_id: str) -> bool:
        """Whether what belongs to `customer_id` exists for the caller."""
        return self.role is Role.ADMIN or (self.role is Role.CUSTOMER and self.customer_id == customer_id)

    def must_see(self, customer_id: str) -> None:
        """Raises NotFound where the caller does not: whether it exists is nobody else's business."""
        if not self.sees(customer_id):
            raise NotFound("Instance not found")


class Authenticator:
    """Turns the Authorization header into a Caller."""

    def __init__(self, keys: Keys, audience: str) -> None:
        self._keys = keys
        self._audience = audience

    async def caller(self, headers: Headers) -> Caller:
        """The caller. Raises Unauthorized with the reason and the remedy."""
        token = _bearer(headers)
        key = await self._keys.key_for(token)
        claims = self._claims(token, key)
        return Caller(claims.sub, claims.role, claims.customer_id, _via(headers))

    def _claims(self, token: str, key: object) -> Claims:
        try:
            content = jwt.decode(
                token,
                key,  # type: ignore[arg-type]  # a secret or a PyJWK, as the algorithms have it
                algorithms=list(self._keys.algorithms),
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": ["exp", "aud", "sub"]},
            )
            return Claims.model_validate(content)
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized(f"The token has expired; {GET_ONE}") from error
        except jwt.PyJWTError as error:
            raise Unauthorized(f"The token is not valid ({error}); {GET_ONE}") from error
        except ValidationError as error:
            claim, sentence = first_problem(error)
            raise Unauthorized(f"The token is not valid ({claim or 'claims'}: {sentence}); {GET_ONE}") from error


class Authentication:
    """The middleware: no route can forget it, and a path that does not exist is as closed as one that does."""

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, open_paths: Iterable[str], pages: Mapping[str, Page]
    ) -> None:
        self.app = app
        self._authenticator = authenticator
        self._open = frozenset(open_paths)
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sets `request.state.caller`, or answers 401."""
        if scope["type"] != "http" or scope["path"] in self._open:
            await self.app(scope, receive, send)
            return
        try:
            caller = await self._authenticator.caller(Headers(scope=scope))
        except RepriseError as error:
            await self._refusal(error, scope)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self.app(scope, receive, send)

    def _refusal(self, error: RepriseError, scope: Scope) -> Response:
        page = self._pages.get(scope["path"])
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        return page() if page is not None and wants_page else problem_of(error, scope)


def current_caller(request: Request) -> Caller:
    """The caller that the middleware found."""
    caller: Caller = request.state.caller
    return caller


def _user(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    if caller.role is Role.SERVICE:
        raise Forbidden("Role service may not do this; role admin or customer may")
    return caller


def _admin(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    if caller.role is not Role.ADMIN:
        raise Forbidden(f"Role {caller.role} may not do this; role admin may")
    return caller


def _service(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    if caller.role is not Role.SERVICE:
        raise Forbidden(f"Role {caller.role} may not do this; role service may")
    return caller


def _operator(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    if caller.role is Role.CUSTOMER:
        raise Forbidden("Role customer may not do this; role admin or service may")
    return caller


User = Annotated[Caller, Depends(_user)]
"""An admin, or a customer for what is its own."""
Admin = Annotated[Caller, Depends(_admin)]
ONLY_SERVICE = Depends(_service)
ONLY_OPERATOR = Depends(_operator)
"""An admin, or a service such as the collector of metrics."""


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized(f"A token is needed; {GET_ONE}")
    return token.strip()


def _via(headers: Headers) -> str:
    """By what means, for the audit log; it grants nothing, so the client's own word is enough."""
    program = headers.get("user-agent", "").partition("/")[0]
    return _PROGRAMS.get(program, "api")
