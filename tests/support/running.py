"""Runs one embedded child for as long as a test (or the whole session) needs it."""

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from embedded.child import Child
from embedded.spawning import options
from tests.support.waiting import until


@contextmanager
def running(child: Child) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child, wait until it serves, stop it at the end. Fails with the end of its log if it does not serve."""
    with tempfile.TemporaryFile() as log:
        asyncio.run(child.prepare())
        process = subprocess.Popen(list(child.command), **options(child, log))  # noqa: S603 - our own command
        try:
            asyncio.run(_until_ready(child, process))
            yield process
        except AssertionError as error:
            log.seek(0)
            error.add_note(log.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            stop(child, process)


def stop(child: Child, process: subprocess.Popen[bytes]) -> None:
    """End a child the way the supervisor does."""
    process.send_signal(child.stop_signal)
    try:
        process.wait(child.stop_deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _until_ready(child: Child, process: subprocess.Popen[bytes]) -> None:
    async def ready() -> bool:
        assert process.poll() is None, f"{child.name} ended with {process.returncode}"
        return await child.ready()

    await until(ready, child.start_deadline, what=f"{child.name} to be ready")
