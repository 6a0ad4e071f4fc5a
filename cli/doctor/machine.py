"""Checks of this machine: Python, the data directory, the settings, the profiles."""

import os
import platform
import sys

from cli.target import data_dir
from cluster.profiles import Profile, Profiles
from schemas.errors import BadSettings, RepriseError
from schemas.settings import Settings

OLDEST = (3, 11)


async def python(_: Settings) -> str:
    """The interpreter is recent enough."""
    if sys.version_info < OLDEST:
        raise RepriseError(f"Python {platform.python_version()} is too old")
    return platform.python_version()


async def directory(settings: Settings) -> str:
    """The data directory can be written, where there is one."""
    found = data_dir()
    if found is None or not found.exists():
        return f"none yet; `reprise up` makes {settings.data_dir}"
    if not os.access(found, os.R_OK | os.W_OK | os.X_OK):
        raise RepriseError(f"{found} cannot be read and written by this user")
    return str(found.absolute())


async def secrets(settings: Settings) -> str:
    """What tokens, events and passwords are protected with is set, and long enough; what signs, is a key."""
    from api.keys import keys_of
    from databases.secrets import Vault
    from persistence.signing import SETTING, Signer

    keys_of(settings)
    settings.required("event_key")
    Vault.of(settings)
    signed = "exports and checkpoints are signed"
    unsigned = f"nothing is exported and no checkpoint taken without {SETTING}"
    return f"tokens, events and passwords have their keys; {signed if Signer.of(settings) else unsigned}"


async def profiles(settings: Settings) -> str:
    """The file of profiles can be used; one line says what each gives an instance."""
    found = Profiles.load(settings)
    where = f"from {settings.profiles}" if settings.profiles else "built in; REPRISE_PROFILES names a file of your own"
    return "\n".join([where, *(f"{name}: {_described(found.get(name))}" for name in found.names)])


def _described(profile: Profile) -> str:
    modules = ", ".join(dict.fromkeys(("base", *profile.modules)))
    images = f"{profile.image}{f' (Odoo {profile.version})' if profile.version else ''}"
    host = f", at {profile.ingress.hosts}" if profile.ingress else ""
    room = f"{profile.cpu} CPU, {profile.memory} memory, {profile.volume} volume"
    return f"{images}, modules {modules}, {profile.workers} workers, {room}{host}"


async def settings(_: Settings) -> str:
    """Every variable REPRISE_… has a meaning and a value that fits."""
    known = {f"REPRISE_{name.upper()}" for name in Settings.model_fields}
    given = sorted(name for name in os.environ if name.startswith("REPRISE_"))
    unknown = [name for name in given if name not in known]
    if unknown:
        raise BadSettings(unknown[0], "is no setting of Reprise")
    return f"{len(given)} set by the environment: {', '.join(given)}" if given else "none set by the environment"
