"""What `reprise up` tells whoever started it; each has a plain sentence as its string."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from embedded.logs import open_log


@dataclass(frozen=True)
class Started:
    """A child serves, `seconds` after it was asked to."""

    name: str
    pid: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.name}: ready in {self.seconds:.1f} s"


@dataclass(frozen=True)
class Ended:
    """A child ended although nobody asked it to (or did not start again); the next try is in `again_in` seconds."""

    name: str
    reason: str
    again_in: float

    def __str__(self) -> str:
        return f"{self.reason}; it is started again in {self.again_in:.1f} s"


@dataclass(frozen=True)
class LeftBehind:
    """A process of an earlier `reprise up` that was killed has been ended."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} was left running by an earlier start and has been ended"


@dataclass(frozen=True)
class Ready:
    """Everything serves: where it is, a token of role admin, and a link that signs a browser in with it, once."""

    url: str
    token: str = field(repr=False)
    sign_in: str = field(repr=False)
    data_dir: Path

    def __str__(self) -> str:
        return f"Reprise is ready at {self.url}"


Announcement = Started | Ended | LeftBehind | Ready
Announce = Callable[[Announcement], None]


def recording(announce: Announce, path: Path) -> Announce:
    """What announces as `announce` does, and puts a dated line into a log as well."""

    def both(announcement: Announcement) -> None:
        with open_log(path) as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {announcement}\n".encode())
        announce(announcement)

    return both
