"""What REPRISE_NATS_URL says: addresses, and credentials that count for every server of the cluster."""

import pytest

from bus.servers import Servers, servers
from schemas.errors import BadSettings
from schemas.settings import Settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nats://one:4222", Servers(["nats://one:4222"])),
        ("nats://secret@one:4222", Servers(["nats://one:4222"], token="secret")),
        ("tls://me:p%40ss@one", Servers(["tls://one"], user="me", password="p@ss")),
        ("nats://t@one:1,nats://t@two:2", Servers(["nats://one:1", "nats://two:2"], token="t")),
        ("nats://one:1, nats://t@two:2", Servers(["nats://one:1", "nats://two:2"], token="t")),
        ("nats://t@[::1]:4222", Servers(["nats://[::1]:4222"], token="t")),
    ],
)
def test_credentials_stand_apart_from_addresses(url: str, expected: Servers) -> None:
    assert servers(Settings(nats_url=url)) == expected


@pytest.mark.parametrize("url", ["", "one:4222", "nats://one,", "nats://"])
def test_what_is_no_list_of_urls_is_named(url: str) -> None:
    with pytest.raises(BadSettings, match="REPRISE_NATS_URL: must be like"):
        servers(Settings(nats_url=url))


def test_no_secret_is_shown() -> None:
    assert "secret" not in repr(servers(Settings(nats_url="nats://secret@one")))
    assert "secret" not in repr(servers(Settings(nats_url="nats://me:secret@one")))
