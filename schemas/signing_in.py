"""What console and API tell each other while somebody signs in by way of an identity provider."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StrictBool, StringConstraints

from schemas.requests import Closed

Opaque = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
"""What one side makes up and the other hands back unread."""
Address = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]

_CALLBACK = "https://reprise.example.com/sign-in/callback"


class SignInWays(BaseModel):
    """GET /api/sign-in: the host of the identity provider, where one is set up."""

    provider: str | None


class BeginSignIn(Closed):
    """POST /api/sign-in: where the provider shall send the browser back to; `again`: asking who it is, in any case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"redirect_uri": _CALLBACK}]})

    redirect_uri: Address
    again: StrictBool = False


class SignInBegun(BaseModel):
    """Where the browser goes, what comes back with it (`state`), and what must be known to complete the sign-in."""

    address: str
    state: str
    nonce: str
    code_verifier: str


class CompleteSignIn(Closed):
    """POST /api/sign-in/token: the code that came back, and what was kept since the sign-in was begun."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "what the provider sent back",
                    "redirect_uri": _CALLBACK,
                    "nonce": "of the answer that began the sign-in",
                    "code_verifier": "of that answer too",
                }
            ]
        }
    )

    code: Opaque
    redirect_uri: Address
    nonce: Opaque
    code_verifier: Opaque


class SignedIn(BaseModel):
    """The token of who signed in, and whose it is.

    `sign_out` is where the provider is asked to end its session as well, which `id_token` proves to be this person's.
    """

    token: str
    subject: str
    role: Literal["admin", "customer"]
    customer_id: str | None
    id_token: str
    sign_out: str | None
