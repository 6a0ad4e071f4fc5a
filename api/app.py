"""The HTTP application of one process: the routes of its parts behind one door."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Depends, FastAPI

from api.auth import ONLY_SERVICE, Authentication, Authenticator
from api.bodies import BodyLimit
from api.errors import BODY, answers
from api.identity_provider import IdentityProvider
from api.keys import keys_of
from api.openapi import TITLE, describe, operation_id
from api.page import ask_for_token
from api.problems import add_handlers
from api.queries import known_input
from api.requests import Observed
from api.routes import (
    adoption,
    audit,
    audit_stats,
    brake,
    capacity,
    changes,
    databases,
    dead_letters,
    documents,
    events,
    exports,
    health,
    history,
    instances,
    jobs,
    me,
    orphans,
    overview,
    parts,
    passwords,
    proofs,
    replays,
    resources,
    retries,
    sign_in,
    tail,
    timeline,
    wishes,
)
from api.services import Services
from schemas.settings import Settings

BACKEND: tuple[APIRouter, ...] = (
    sign_in.router,
    me.router,
    overview.router,
    parts.router,
    instances.router,
    adoption.router,
    wishes.router,
    retries.router,
    passwords.router,
    resources.router,
    events.router,
    jobs.router,
    changes.router,
    exports.router,
    audit_stats.router,
    proofs.router,
    tail.router,
    audit.router,
    timeline.router,
    history.router,
    capacity.router,
    databases.router,
    brake.router,
    orphans.router,
    dead_letters.router,
    replays.router,
)
OPEN_PATHS = (*health.OPEN_PATHS, *sign_in.OPEN_PATHS)
ASKED_FOR_A_TOKEN = {"/docs": ask_for_token}


def create_app(settings: Settings, services: Services) -> FastAPI:
    """The application; what `services` lacks is not served. Raises BadSettings without keys to know callers by.

    It owns nothing: whoever made `services` closes them after the server has stopped.
    """
    app = FastAPI(
        title=TITLE,
        version=_version(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    app.state.identity_provider = IdentityProvider.of(settings) if services.backend is not None else None
    _add_routes(app, services)
    add_handlers(app)
    describe(app, OPEN_PATHS, settings.path_prefix)
    authenticator = Authenticator(keys_of(settings), settings.jwt_audience)
    app.add_middleware(BodyLimit)
    app.add_middleware(Authentication, authenticator=authenticator, open_paths=OPEN_PATHS, pages=ASKED_FOR_A_TOKEN)
    app.add_middleware(Observed)
    return app


def _add_routes(app: FastAPI, services: Services) -> None:
    strict = [Depends(known_input)]
    for router in (health.router, documents.router, *(BACKEND if services.backend is not None else ())):
        app.include_router(router, dependencies=strict)
    if services.database_service is not None:
        app.include_router(
            services.database_service, dependencies=[ONLY_SERVICE, *strict], responses=answers(*BODY, 409)
        )


def _version() -> str:
    try:
        return version("reprise")
    except PackageNotFoundError:
        return "0"
