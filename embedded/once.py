"""Runs a program to its end, and lets it not outlive us: not when we are killed, not when the wait is cancelled."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL

from embedded.account import Account
from embedded.spawning import die_with_parent
from schemas.errors import NotStarted


async def run_once(
    what: str,
    command: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    directory: Path | None = None,
    account: Account | None = None,
) -> None:
    """Run `command` and wait for its end.

    Raises NotStarted, with what the program said last, when it does not end with exit code 0.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
        cwd=directory,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,
        preexec_fn=die_with_parent(SIGKILL),
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        text = said.decode(errors="replace").strip()[-2000:]
        raise NotStarted(what, f"ended with exit code {process.returncode}: {text}")
