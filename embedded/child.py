"""What a child process is: how it is started, how one sees that it is ready, how it is ended."""

import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from embedded.account import Account


async def nothing() -> None:
    """The preparation of a child that needs none."""


@dataclass(frozen=True)
class Child:
    """One process that is kept running; `environment` is its whole environment.

    `prepare` runs before every start, also before a restart. `ready` takes one look and tells whether the child
    serves; it is asked again until it says yes or `start_deadline` (seconds) has passed. `stop_signal` asks the child
    to end; after `stop_deadline` (seconds) it is killed. `death_signal` is what the kernel sends it when its parent
    died without stopping it (Linux only).
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Coroutine[None, None, bool]]
    prepare: Callable[[], Coroutine[None, None, None]] = nothing
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path | None = None
    account: Account | None = None
    stop_signal: Signals = SIGTERM
    death_signal: Signals = SIGKILL
    start_deadline: float = 30.0
    stop_deadline: float = 10.0
