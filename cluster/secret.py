"""The Secret of an attempt: database credentials and Odoo's own passwords, which are made once and then kept."""

import secrets
from base64 import b64decode, b64encode
from hashlib import sha256

from cluster.client import Cluster
from cluster.configuration import odoo_conf
from cluster.credentials import Credentials
from cluster.kinds import SECRET, Object
from cluster.names import attempt_labels, attempt_name
from cluster.profiles import Profile
from schemas.errors import NotYet
from statemachine.instance import Instance

ADMIN = "admin-password"
MASTER = "master-password"
CONF = "odoo.conf"
INITIALISE = "initialise"
"""yes or no; here and not in the pod template, where the change from one to the other would restart what just runs."""
HOST, PORT, DATABASE = "database-host", "database-port", "database-name"
USERNAME, PASSWORD = "database-username", "database-password"
PASSWORD_BYTES = 24


async def apply_secret(cluster: Cluster, instance: Instance, credentials: Credentials, profile: Profile) -> Object:
    """Make the Secret, or bring its database credentials up to date. Returns it as it is then."""
    own = await _own_passwords(cluster, instance)
    data = {
        **own,
        # what has run is never initialised again, not even where the marker is missing (it may have been adopted)
        INITIALISE: "no" if instance.has_run else "yes",
        CONF: odoo_conf(instance, profile, credentials, own[MASTER]),
        HOST: credentials.host,
        PORT: str(credentials.port),
        DATABASE: credentials.database,
        USERNAME: credentials.username,
        PASSWORD: credentials.password,
    }
    return await cluster.apply(SECRET, _manifest(cluster, instance, data))


def read(secret: Object, key: str) -> str:
    """One value of a Secret, '' where it has none of that key."""
    return b64decode((secret.get("data") or {}).get(key, "")).decode()


def fingerprint(secret: Object) -> str:
    """Changes when the configuration does: in the pod template it restarts the pod with the new one."""
    return sha256(read(secret, CONF).encode()).hexdigest()[:16]


async def _own_passwords(cluster: Cluster, instance: Instance) -> dict[str, str]:
    """Those of the Secret that exists; it is created first, so of two effects at once both use what one has made."""
    name = attempt_name(instance)
    seen = await cluster.get(SECRET, name)
    if seen is None:
        seen = await cluster.create(SECRET, _manifest(cluster, instance, _new_passwords(instance)))
    if seen is None:
        raise NotYet(f"Secret {name} is being made by another part", after=0.2)
    return {ADMIN: read(seen, ADMIN), MASTER: read(seen, MASTER)}


def _new_passwords(instance: Instance) -> dict[str, str]:
    """Where the Secret of an instance that has run is missing, nobody knows its admin's password: it stays empty."""
    admin = "" if instance.has_run else secrets.token_urlsafe(PASSWORD_BYTES)
    return {ADMIN: admin, MASTER: secrets.token_urlsafe(PASSWORD_BYTES)}


def _manifest(cluster: Cluster, instance: Instance, data: dict[str, str]) -> Object:
    meta = {"name": attempt_name(instance), "labels": attempt_labels(cluster.installation, instance)}
    # not stringData: the fields that are applied must be the ones that are kept, or nobody's change would be seen
    encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": meta, "type": "Opaque", "data": encoded}
