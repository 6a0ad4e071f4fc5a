"""Following a job outlives an API that does not answer for a while, and gives up where it never does."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from cli.client import Client
from cli.following import PATIENCE, Look, follow
from cli.progress import shown
from schemas.errors import DependencyDown

INSTANCE = {
    "status": "creating",
    "provisioning_status": "pending",
    "attempt": 1,
    "auto_retries": 0,
    "held": False,
    "waiting": None,
}
RUNNING = {"instance_id": "i", "status": "running", "ended_at": None}
ENDED = {"instance_id": "i", "status": "succeeded", "ended_at": "2026-01-31T12:00:00Z"}


class Scripted(Client):
    """Answers the given jobs one after another; None: does not answer."""

    def __init__(self, jobs: Iterator[dict[str, Any] | None]) -> None:
        self._jobs = jobs

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        if path.startswith("/api/instances"):
            return INSTANCE
        job = next(self._jobs)
        if job is None:
            raise DependencyDown("Reprise", "connection refused")
        return job


class Clock:
    """Time that passes only while somebody pauses."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def looks(*jobs: dict[str, Any] | None) -> list[Look]:
    clock = Clock()
    return list(follow(Scripted(iter(jobs)), "j", clock=clock, pause=clock.pause))


def test_it_ends_with_the_job() -> None:
    seen = looks(RUNNING, RUNNING, ENDED)
    assert [look.ended for look in seen] == [False, False, True]
    assert seen[-1].succeeded


def test_an_api_that_comes_back_is_waited_for_and_the_trouble_shown() -> None:
    seen = looks(RUNNING, None, None, ENDED)
    assert [bool(look.trouble) for look in seen] == [False, True, True, False]
    stream = StringIO()
    shown(seen, stream)
    assert len(stream.getvalue().splitlines()) == 3


def test_the_end_is_known_also_where_the_instance_had_been_seen_in_its_last_state_already() -> None:
    stream = StringIO()
    last = shown(looks(RUNNING, ENDED), stream)
    assert last.ended
    assert last.succeeded
    assert len(stream.getvalue().splitlines()) == 1


def test_an_api_that_does_not_come_back_is_given_up() -> None:
    def never() -> Iterator[dict[str, Any] | None]:
        yield RUNNING
        while True:
            yield None

    clock = Clock()
    with pytest.raises(DependencyDown):
        list(follow(Scripted(never()), "j", clock=clock, pause=clock.pause))
    assert PATIENCE < clock.now < PATIENCE + 2


@pytest.mark.parametrize(
    ("status", "good"), [("succeeded", True), ("averted", True), ("failed", False), ("superseded", False)]
)
def test_which_ends_are_good(status: str, good: bool) -> None:
    [look] = looks({**ENDED, "status": status})
    assert look.succeeded is good
