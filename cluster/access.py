"""Where the cluster is and who Reprise is to it: read from a kubeconfig or from the pod's own account."""

from dataclasses import dataclass
from typing import Any

import yaml

from cluster.library import Library
from schemas.errors import BadSettings
from schemas.settings import Settings
from schemas.text import cleaned

UNREADABLE = (yaml.YAMLError, OSError, ValueError, KeyError, AttributeError, TypeError, AssertionError)
"""What the library raises besides its own exception where a kubeconfig is not what it should be."""


@dataclass(frozen=True, slots=True)
class Access:
    """An open connection pool, and the configuration that knows the address and keeps the token fresh."""

    configuration: Any
    transport: Any

    async def headers(self) -> dict[str, str]:
        """What proves who we are; a token that has expired is renewed here."""
        found = await self.configuration.auth_settings()
        return {setting["key"]: setting["value"] for setting in found.values() if setting["value"]}

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()


async def open_access(library: Library, settings: Settings) -> Access:
    """Read the configuration and open a pool. Raises BadSettings where there is none or it cannot be read."""
    configuration = library.configuration()
    try:
        if settings.kubeconfig is None:
            library.in_cluster(client_configuration=configuration)
        else:
            await _read_kubeconfig(library, settings, configuration)
        return Access(configuration, library.transport(configuration))
    except (library.config_error, *UNREADABLE) as error:
        where = settings.kubeconfig or "the pod's own account"
        raise BadSettings("REPRISE_KUBECONFIG", cleaned(f"{where} cannot be used: {error}")) from error


async def _read_kubeconfig(library: Library, settings: Settings, configuration: Any) -> None:
    if settings.kubeconfig is None or not settings.kubeconfig.is_file():
        raise FileNotFoundError("there is no such file")
    loader = await library.kubeconfig(
        config_file=str(settings.kubeconfig), client_configuration=configuration, persist_config=False
    )
    if loader._user is not None and "exec" in loader._user:
        configuration.refresh_api_key_hook = _renewal(loader)


def _renewal(loader: Any) -> Any:
    async def renew(configuration: Any) -> None:
        await loader.load_from_exec_plugin()  # runs the plugin only when the token has expired
        configuration.api_key["BearerToken"] = loader.token

    return renew
