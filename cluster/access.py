"""Where the cluster is and who Reprise is to it: read from a kubeconfig or from the pod's own account."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from cluster.library import Library
from schemas.errors import BadSettings
from schemas.settings import Settings
from schemas.text import cleaned

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/"""
UNREADABLE = (yaml.YAMLError, OSError, ValueError, KeyError, AttributeError, TypeError, AssertionError, RuntimeError)
"""What the library raises besides its own exception where a kubeconfig is not what it should be."""
EARLY = timedelta(seconds=10)
"""How long before it expires a token is renewed."""

Stamp = tuple[int, int, int] | None


@dataclass(slots=True, eq=False)
class Access:
    """An open connection pool, the configuration it was made from, and how one sees that this is out of date.

    `files`: what was read, each as it was then. `expires`: when a plugin has to be asked again.
    """

    configuration: Any
    transport: Any
    files: dict[Path, Stamp]
    expires: datetime | None = None
    _borrowers: int = field(default=0, init=False)
    _retired: bool = field(default=False, init=False)

    @property
    def headers(self) -> dict[str, str]:
        """What proves who we are."""
        token: str = self.configuration.api_key.get("BearerToken") or ""
        return {"Authorization": token.strip()} if token else {}  # files end with a newline, headers may not

    @property
    def is_stale(self) -> bool:
        """Whether it would be read otherwise now: a file was replaced, or a token is about to expire."""
        if self.expires is not None and datetime.now(UTC) >= self.expires - EARLY:
            return True
        return any(_stamp(path) != then for path, then in self.files.items())

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[Any]:
        """The pool; it stays open for as long as the block lasts."""
        self._borrowers += 1
        try:
            yield self.transport
        finally:
            self._borrowers -= 1
            if self._retired and not self._borrowers:
                await self.close()

    async def retire(self) -> None:
        """Close the connections once nobody uses them any more: a watch goes on with what it was begun with."""
        self._retired = True
        if not self._borrowers:
            await self.close()

    async def close(self) -> None:
        """Close the connections."""
        with suppress(aiohttp.ClientError, OSError):
            await self.transport.close()


async def open_access(library: Library, settings: Settings) -> Access:
    """Read the configuration and open a pool. Raises BadSettings where there is none or it cannot be read."""
    configuration = library.configuration()
    try:
        if settings.kubeconfig is None:
            return _of_account(library, configuration)
        return await _of_kubeconfig(library, settings.kubeconfig, configuration)
    except (library.config_error, *UNREADABLE) as error:
        where = settings.kubeconfig or "the pod's own account"
        raise BadSettings("REPRISE_KUBECONFIG", cleaned(f"{where} cannot be used: {error}")) from error


def _of_account(library: Library, configuration: Any) -> Access:
    token, certificate = ACCOUNT / "token", ACCOUNT / "ca.crt"
    library.in_cluster(
        client_configuration=configuration,
        try_refresh_token=False,
        token_filename=str(token),
        cert_filename=str(certificate),
    )
    return Access(configuration, library.transport(configuration), _stamps([token, certificate]))


async def _of_kubeconfig(library: Library, path: Path, configuration: Any) -> Access:
    if _stamp(path) is None:
        raise FileNotFoundError("there is no such file")
    loader = await library.kubeconfig(config_file=str(path), client_configuration=configuration, persist_config=False)
    user = loader._user or {}
    named = [configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file]
    if "tokenFile" in user:
        named.append(user["tokenFile"])
    files = [path, *(path.parent / name for name in named if name)]
    expires = getattr(loader, "exec_plugin_expiry", None)
    return Access(configuration, library.transport(configuration), _stamps(files), expires)


def _stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> Stamp:
    """Tells one content of a file from the next; None where there is none just now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
