"""Keeps one child running: starts it, waits until it serves, starts it again whenever it ends."""

import asyncio
import os
import subprocess
from pathlib import Path
from signal import Signals

from embedded.announcements import Announce, Ended, Started
from embedded.child import Child
from embedded.logs import last_line, open_log
from embedded.roster import Roster
from embedded.spawning import options
from schemas.errors import NotStarted, RepriseError

LOOK_AGAIN = 0.05
# seconds before a child is started again: doubled each time, from anew once it has served for a while
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
SERVED_FOR_A_WHILE = 30.0


class Keeper:
    """One child and its present process."""

    def __init__(self, child: Child, log: Path, roster: Roster, announce: Announce) -> None:
        self.child = child
        self.log = log
        self._roster = roster
        self._announce = announce
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = FIRST_PAUSE

    async def start(self) -> None:
        """Start the child and return when it serves.

        Raises NotStarted when it ended instead, or does not serve within its deadline (it is killed then).
        """
        begun = asyncio.get_running_loop().time()
        try:
            await self.child.prepare()
            process = self._spawn()
        except OSError as error:
            raise NotStarted(self.child.name, f"could not be started: {error}") from error
        await self._until_ready(process)
        self._announce(Started(self.child.name, process.pid, asyncio.get_running_loop().time() - begun))

    async def keep(self) -> None:
        """Start the child again each time it ends; returns never."""
        clock = asyncio.get_running_loop()
        while True:
            began = clock.time()
            reason = await self._failure()
            if clock.time() - began > SERVED_FOR_A_WHILE:
                self._pause = FIRST_PAUSE
            self._announce(Ended(self.child.name, reason, self._pause))
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def stop(self) -> None:
        """Ask the child to end, kill it at its deadline; returns when it is gone."""
        if self._process is None:
            return
        self._process.send_signal(self.child.stop_signal)
        try:
            async with asyncio.timeout(self.child.stop_deadline):
                await exited(self._process)
        except TimeoutError:
            await self._kill(self._process)
        self._gone()

    def kill(self) -> None:
        """Kill the child at once, without waiting for it."""
        if self._process is not None:
            self._process.kill()

    async def _failure(self) -> str:
        """Let the child run (start it first where it does not) until it fails; returns why it did."""
        try:
            if self._process is None:
                await self.start()
        except RepriseError as error:
            return str(error)
        return await self._ended()

    async def _ended(self) -> str:
        code = await exited(self._process) if self._process else 0
        self._gone()
        return f"{self.child.name} {_how(code)}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        # not asyncio's own: a cancellation in the middle of its start would lose the process
        with open_log(self.log) as log:
            self._process = subprocess.Popen(self.child.command, **options(self.child, log))  # noqa: S603 - ours
        self._roster.add(self.child, self._process.pid)
        return self._process

    async def _until_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            async with asyncio.timeout(self.child.start_deadline):
                while not await self.child.ready():
                    if process.poll() is not None:
                        raise self._not_ready(_how(process.returncode))
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError as error:
            await self._kill(process)
            raise self._not_ready(f"was not ready within {self.child.start_deadline:g} s") from error
        finally:
            if process.poll() is not None:
                self._gone()

    def _not_ready(self, what: str) -> NotStarted:
        return NotStarted(self.child.name, f"{what} ({last_line(self.log)}), see {self.log}")

    async def _kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        await exited(process)

    def _gone(self) -> None:
        self._process = None
        self._roster.remove(self.child)


async def exited(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process of ours to end and return its exit code, negative for a signal."""
    if not hasattr(os, "pidfd_open"):
        while process.poll() is None:  # noqa: ASYNC110 - nobody would set the event
            await asyncio.sleep(LOOK_AGAIN)
    elif process.poll() is None:
        await _readable(os.pidfd_open(process.pid))
    return process.wait()


async def _readable(descriptor: int) -> None:
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, seen.set)
    try:
        await seen.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _how(code: int) -> str:
    return f"was ended by {Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
