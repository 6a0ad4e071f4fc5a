"""The data directory of `reprise up`: what lies where, who may read it, and that only one `up` uses it."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from schemas.errors import BadSettings, Conflict


@dataclass(frozen=True)
class DataDirectory:
    """Paths inside the data directory; `root` is absolute."""

    root: Path

    @property
    def state(self) -> Path:
        """Ports and secrets, chosen once."""
        return self.root / "state.json"

    @property
    def roster(self) -> Path:
        """The child processes that run, or that ran when the supervisor was killed."""
        return self.root / "processes.json"

    @property
    def client(self) -> Path:
        """{"url", "token"}: where the command line finds the API."""
        return self.root / "client.json"

    @property
    def kubeconfig(self) -> Path:
        """How to reach the simulated cluster."""
        return self.root / "cluster" / "kubeconfig"

    @property
    def checkpoints(self) -> Path:
        """What was signed of the audit log."""
        return self.root / "checkpoints.jsonl"

    @property
    def logs(self) -> Path:
        """One file a child, bounded in size."""
        return self.root / "logs"


@contextmanager
def exclusively(root: Path) -> Iterator[DataDirectory]:
    """The data directory, made when it is not there, for us alone.

    Raises Conflict when another `reprise up` uses it, BadSettings when it cannot be made.
    """
    directory = DataDirectory(root.absolute())
    with _made(directory) as lock:
        try:
            # the kernel drops it with the process, however that ends
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"Another `reprise up` (process {lock.read().strip() or 'unknown'}) is using {directory.root}: "
                "stop it, or set REPRISE_DATA_DIR to another directory"
            ) from error
        _write_own_id(lock.fileno())
        yield directory


def write_private(path: Path, content: Any) -> None:
    """Write JSON that only its owner may read; a reader, or a crash, sees the old content or the new, never a half."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)


def _made(directory: DataDirectory) -> IO[str]:
    """Make what is missing; returns the lock file, open."""
    try:
        directory.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.logs.mkdir(mode=0o700, exist_ok=True)
        return open(os.open(directory.root / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise BadSettings("REPRISE_DATA_DIR", f"cannot use {directory.root}: {error.strerror}") from error


def _write_own_id(descriptor: int) -> None:
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
