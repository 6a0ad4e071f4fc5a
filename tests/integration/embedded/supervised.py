"""A program that supervises real children until it is signalled: `python -m tests.integration.embedded.supervised DIR`.

Beside PostgreSQL and NATS runs a child that does not heed SIGTERM. Each announcement is a line on stdout.
"""

import asyncio
import sys
from pathlib import Path

from embedded import environment
from embedded.announcements import Announcement
from embedded.child import Child
from embedded.directory import exclusively
from embedded.logs import last_line
from embedded.ports import Claims
from embedded.roster import end_leftovers
from embedded.state import remembered
from embedded.supervisor import Supervisor
from schemas.settings import Settings

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('stubborn', flush=True); signal.pause()"


async def supervise(root: Path) -> None:
    with exclusively(root) as directory, Claims() as claims:
        for name in await end_leftovers(directory.roster):
            say(f"ended leftover {name}")
        state = remembered(directory, Settings(), claims)
        async with Supervisor(directory, say) as supervisor:
            await supervisor.start(environment.postgres(state, directory).child())
            await supervisor.start(environment.nats(state, directory).child())
            await supervisor.start(stubborn(directory.logs / "stubborn.log"))
            say("ready")
            await asyncio.Event().wait()
    say("ended")


def stubborn(log: Path) -> Child:
    async def ready() -> bool:
        return last_line(log) == "stubborn"

    return Child("stubborn", (sys.executable, "-c", STUBBORN), ready, stop_deadline=0.3)


def say(what: Announcement | str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(supervise(Path(sys.argv[1])))
