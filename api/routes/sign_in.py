"""Signing in by way of the identity provider: open to all, since who asks has no token yet."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api.errors import BODY, answers
from api.identity_provider import IdentityProvider
from schemas.errors import NotFound
from schemas.signing_in import BeginSignIn, CompleteSignIn, SignedIn, SignInBegun, SignInWays

OPEN_PATHS = ("/api/sign-in", "/api/sign-in/token")
"""What they take is made up for one sign-in, or vouched for by the provider."""

router = APIRouter(tags=["signing in"])


def _set_up(request: Request) -> IdentityProvider | None:
    found: IdentityProvider | None = request.app.state.identity_provider
    return found


def _needed(found: Annotated[IdentityProvider | None, Depends(_set_up)]) -> IdentityProvider:
    if found is None:
        raise NotFound("No identity provider is set up (REPRISE_OIDC_ISSUER); sign in with a token")
    return found


Provider = Annotated[IdentityProvider, Depends(_needed)]


@router.get("/api/sign-in", summary="Tell how one may sign in", responses=answers())
async def ways(provider: Annotated[IdentityProvider | None, Depends(_set_up)]) -> SignInWays:
    """Besides with a token: by way of this provider, if there is one."""
    return SignInWays(provider=provider.host if provider is not None else None)


@router.post("/api/sign-in", summary="Begin to sign in", responses=answers(*BODY, 404))
async def begin(provider: Provider, body: BeginSignIn) -> SignInBegun:
    """Where to send the browser. What is answered besides is kept by whoever asks, until the browser comes back."""
    return await provider.begin(body.redirect_uri, again=body.again)


@router.post("/api/sign-in/token", summary="Complete a sign-in", responses=answers(*BODY, 404))
async def complete(provider: Provider, body: CompleteSignIn) -> SignedIn:
    """A token for whoever the provider vouches for; 403 for a person without a role."""
    return await provider.complete(body)
