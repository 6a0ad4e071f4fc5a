"""Where the NATS servers are, apart from who we are to them: servers that the cluster itself names ask that too."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from schemas.errors import BadSettings
from schemas.settings import Settings

SETTING = "REPRISE_NATS_URL"


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs without credentials, and the credentials: a user with a password, or a token, or nothing."""

    urls: list[str]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def servers(settings: Settings) -> Servers:
    """Those of nats_url; the credentials of the first count for all, and they are of one cluster.

    Raises BadSettings where it is no list of URLs.
    """
    split = [urlsplit(url.strip()) for url in settings.nats_url.split(",")]
    if not all(url.hostname for url in split):
        raise BadSettings(SETTING, "must be like nats://host:4222, several separated by commas")
    first = next((url for url in split if url.username is not None), split[0])
    name = unquote(first.username) if first.username is not None else None
    if first.password is None:
        return Servers([_bare(url) for url in split], token=name)
    return Servers([_bare(url) for url in split], user=name, password=unquote(first.password))


def _bare(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
