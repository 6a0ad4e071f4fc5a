"""What holds a secret does not show it when it is printed into a log or a traceback."""

from pathlib import Path

import pytest

from embedded.announcements import Ready
from embedded.cluster import SimulatedCluster
from embedded.nats import Nats
from embedded.postgres import Postgres
from embedded.state import State

SECRET = "the-secret"


@pytest.mark.parametrize(
    "holder",
    [
        Postgres(Path("/d"), 1, SECRET),
        Nats(Path("/d"), 1, SECRET),
        SimulatedCluster(Path("/d"), 1, Path("/k"), SECRET),
        State({}, {"jwt": SECRET}),
        Ready("http://here", SECRET, f"http://here/sign-in/{SECRET}", Path("/d")),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_a_secret_is_not_shown(holder: object) -> None:
    assert SECRET not in f"{holder!r} {holder!s}"
