"""Runs one embedded child for as long as a test, or the whole session, needs it."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import IO

from embedded.child import Child
from embedded.spawning import options
from tests.support.waiting import until


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Start the child, wait until it serves, stop it at the end. What fails meanwhile is shown the end of its log."""
    with _logged(child) as log:
        process = await start(child, log)
        try:
            yield process
        finally:
            stop(child, process)


@contextmanager
def running_for_session(child: Child) -> Iterator[subprocess.Popen[bytes]]:
    """The same for fixtures that outlive every test's event loop."""
    with _logged(child) as log:
        process = asyncio.run(start(child, log))
        try:
            yield process
        finally:
            stop(child, process)


@contextmanager
def _logged(child: Child) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as log:
        try:
            yield log
        except BaseException as error:
            log.seek(0)
            error.add_note(f"{child.name} said last:\n{log.read()[-4000:].decode(errors='replace')}")
            raise


def stop(child: Child, process: subprocess.Popen[bytes]) -> None:
    """End a child the way the supervisor does."""
    process.send_signal(child.stop_signal)
    try:
        process.wait(child.stop_deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def start(child: Child, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child, with what it says in `log`, and wait until it serves; whoever calls this stops it."""
    await child.prepare()
    process = subprocess.Popen(child.command, **options(child, log))  # noqa: S603, ASYNC220 - ours, and quick
    try:
        await _until_ready(child, process)
    except BaseException:
        stop(child, process)
        raise
    return process


async def _until_ready(child: Child, process: subprocess.Popen[bytes]) -> None:
    async def ready() -> bool:
        assert process.poll() is None, f"{child.name} ended with {process.returncode}"
        return await child.ready()

    await until(ready, child.start_deadline, what=f"{child.name} to be ready")
