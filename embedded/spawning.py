"""How children are spawned: in a session of their own, and never outliving a parent that was killed."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from signal import Signals
from typing import IO, TypedDict

from embedded.child import Child

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Options(TypedDict, total=False):
    """Keyword arguments that subprocess.Popen and asyncio's create_subprocess_exec both take."""

    stdin: int
    stdout: IO[bytes]
    stderr: IO[bytes]
    env: dict[str, str]
    cwd: str | None
    start_new_session: bool
    preexec_fn: Callable[[], None] | None
    user: int
    group: int
    extra_groups: list[int]


def options(child: Child, log: IO[bytes]) -> Options:
    """How to spawn this child, with what it says going to `log`.

    A session of its own keeps the terminal's Ctrl-C from reaching it: the supervisor stops children in its own order.
    The kernel watches the thread that spawned, so spawn from one that lives as long as the parent (the main thread).
    """
    chosen: Options = {
        "stdin": subprocess.DEVNULL,
        "stdout": log,
        "stderr": log,
        "env": dict(child.environment),
        "cwd": str(child.directory) if child.directory else None,
        "start_new_session": True,
        "preexec_fn": die_with_parent(child.death_signal),
    }
    if child.account is not None:
        chosen |= {"user": child.account.uid, "group": child.account.gid, "extra_groups": []}
    return chosen


def die_with_parent(signal: Signals) -> Callable[[], None] | None:
    """What the child runs between fork and exec, so that the kernel sends it `signal` when its parent dies.

    After the change of user, which would undo it (prctl(2)); subprocess calls it in that order.
    None elsewhere than on Linux: there, the next start ends what was left behind.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return ask_kernel
