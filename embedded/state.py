"""What `reprise up` chooses once and remembers in its data directory: ports and secrets."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from embedded.directory import DataDirectory, write_private
from embedded.ports import Claims
from persistence.signing import new_key
from schemas.errors import BadSettings
from schemas.settings import Settings

PORTS = ("postgres", "nats", "cluster", "workers")


def fernet_key() -> str:
    """A key as `cryptography.fernet` takes it: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


SECRETS: Mapping[str, Callable[[], str]] = {
    "jwt": lambda: secrets.token_urlsafe(48),
    "event_key": lambda: secrets.token_urlsafe(48),
    "database_password": lambda: secrets.token_urlsafe(24),
    "database_key": fernet_key,
    "audit_key": new_key,
    "console_key": fernet_key,
    "nats_token": lambda: secrets.token_urlsafe(24),
    "cluster_token": lambda: secrets.token_urlsafe(24),
}


@dataclass(frozen=True)
class State:
    """Ports by the name of who listens there, secrets by the names of SECRETS."""

    ports: Mapping[str, int]
    secrets: Mapping[str, str] = field(repr=False)


def remembered(directory: DataDirectory, settings: Settings, claims: Claims) -> State:
    """What was chosen before, completed by what is new or no longer possible (a port that is taken), and stored.

    The ports stay ours for as long as `claims` lasts.

    Raises BadSettings when the file cannot be read as what this function once wrote.
    """
    known = read(directory)
    api = claims.for_api(
        settings.port, settings.host, insisted="port" in settings.model_fields_set, known=known.ports.get("api")
    )
    # the API's port first: none of the others may take it
    others = claims.keep_or_choose(PORTS, {**known.ports, "api": api})
    state = State(
        ports={"api": api, **others},
        secrets={name: known.secrets.get(name) or make() for name, make in SECRETS.items()},
    )
    if state != known:
        write_private(directory.state, {"ports": state.ports, "secrets": state.secrets})
    return state


def read(directory: DataDirectory) -> State:
    """What was chosen, nothing where nothing was. Raises BadSettings when the file cannot be read."""
    try:
        found = json.loads(directory.state.read_text())
        return State({name: int(port) for name, port in found["ports"].items()}, dict(found["secrets"]))
    except FileNotFoundError:
        return State({}, {})
    except PermissionError as error:
        raise BadSettings("REPRISE_DATA_DIR", f"{directory.state} belongs to another user") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # never made anew: the secrets in it open what lies in the same directory
        raise BadSettings(
            "REPRISE_DATA_DIR",
            f"{directory.state} is damaged ({error}); restore it, or remove the whole directory to begin anew",
        ) from error
