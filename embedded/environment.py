"""The environment of Reprise's own parts: what was set outside, completed by what is embedded."""

import os
from collections.abc import Mapping

from pydantic import SecretStr

from embedded.directory import DataDirectory
from embedded.groups import reachable
from embedded.nats import Nats
from embedded.ports import HOST
from embedded.postgres import Postgres
from embedded.state import State
from schemas.settings import Settings

PREFIX = "REPRISE_"


def for_group(name: str, settings: Settings, state: State, directory: DataDirectory) -> dict[str, str]:
    """The whole environment of one group of parts."""
    own = {"service": (settings.host, state.ports["api"]), "workers": (HOST, state.ports["workers"])}
    host, port = own[name]
    return {
        **os.environ,
        **_named(_embedded(settings, state, directory)),
        # what somebody set wins over what is embedded …
        **_named(_given(settings)),
        # … but for where each process listens, which has been settled
        **_named({"host": host, "port": str(port), "metrics_port": str(port), "data_dir": str(directory.root)}),
    }


def completed(settings: Settings, state: State, directory: DataDirectory) -> Settings:
    """The settings that the service has: what was set outside, completed by what is embedded."""
    found = for_group("service", settings, state, directory)
    variables = {name: PREFIX + name.upper() for name in Settings.model_fields}
    return Settings.load(**{name: found[variable] for name, variable in variables.items() if variable in found})


def api_url(settings: Settings, state: State) -> str:
    """Where the API is, seen from this machine."""
    host = reachable(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{state.ports['api']}"


def postgres(state: State, directory: DataDirectory) -> Postgres:
    """The embedded PostgreSQL."""
    return Postgres(directory.root / "postgres", state.ports["postgres"], state.secrets["database_password"])


def nats(state: State, directory: DataDirectory) -> Nats:
    """The embedded NATS."""
    return Nats(directory.root / "nats", state.ports["nats"], state.secrets["nats_token"])


def _embedded(settings: Settings, state: State, directory: DataDirectory) -> dict[str, str]:
    values = {
        "database_url": postgres(state, directory).url(),
        "nats_url": nats(state, directory).url,
        "cluster": settings.cluster,
        "namespace": settings.namespace,
        "jwt_secret": state.secrets["jwt"],
        "event_key": state.secrets["event_key"],
        "console_key": state.secrets["console_key"],
        "database_keys": state.secrets["database_key"],
        "audit_signing_key": state.secrets["audit_key"],
        "checkpoint_file": str(directory.checkpoints),
        "api_url": api_url(settings, state),
        "database_service_url": api_url(settings, state),
    }
    if settings.cluster == "simulated":
        values["kubeconfig"] = str(directory.kubeconfig)
    return values


def _given(settings: Settings) -> dict[str, str]:
    """The settings that were set, by a variable or by the caller, as strings."""
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    if settings.cluster == "simulated":
        values.pop("kubeconfig", None)  # of another cluster than the one that is embedded
    return {name: _text(value) for name, value in values.items() if value not in (None, "")}


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _named(values: Mapping[str, str]) -> dict[str, str]:
    return {PREFIX + name.upper(): value for name, value in values.items()}
