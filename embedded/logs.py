"""Files for what children say, bounded in size while the children go on writing into them."""

import os
import shutil
from pathlib import Path
from typing import IO

LIMIT = 5 * 1024 * 1024


def open_log(path: Path) -> IO[bytes]:
    """Open for appending: the kernel puts every write at the end, also after `bound` has cut the file."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0)


def bound(path: Path, limit: int = LIMIT) -> None:
    """Once the file is longer than `limit` bytes, keep it as `<name>.1` (one such) and cut the file to nothing.

    The child holds the file itself, so it is copied and cut, not renamed. What is written between the two is lost.
    """
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)


def last_line(path: Path) -> str:
    """The last line that says something, at most 300 characters; empty when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return next((line[:300] for line in reversed(lines) if line), "")
