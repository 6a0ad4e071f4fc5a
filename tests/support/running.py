"""Runs one embedded child for as long as a test, or the whole session, needs it."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from embedded.child import Child
from embedded.spawning import options
from tests.support.waiting import until


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Start the child, wait until it serves, stop it at the end. Fails with the end of its log if it does not serve."""
    process = await _start(child)
    try:
        yield process
    finally:
        stop(child, process)


@contextmanager
def running_for_session(child: Child) -> Iterator[subprocess.Popen[bytes]]:
    """The same for fixtures that outlive every test's event loop."""
    process = asyncio.run(_start(child))
    try:
        yield process
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


async def _start(child: Child) -> subprocess.Popen[bytes]:
    await child.prepare()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(child.command, **options(child, log))  # noqa: S603, ASYNC220 - ours, and quick
        try:
            await _until_ready(child, process)
        except BaseException as error:
            stop(child, process)
            log.seek(0)
            error.add_note(log.read()[-4000:].decode(errors="replace"))
            raise
    return process


async def _until_ready(child: Child, process: subprocess.Popen[bytes]) -> None:
    async def ready() -> bool:
        assert process.poll() is None, f"{child.name} ended with {process.returncode}"
        return await child.ready()

    await until(ready, child.start_deadline, what=f"{child.name} to be ready")
