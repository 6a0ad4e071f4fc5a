"""PostgreSQL refuses to run as root: this finds the account it runs as then, and lets that account reach its files."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.acl import grant_search
from schemas.errors import BadSettings

NAME = "reprise-postgres"


@dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The account to run as when we are root (made once, with `useradd`); None when we are not root."""
    if os.geteuid() != 0:
        return None
    return _find() or _create()


def hand_over(path: Path, account: Account | None) -> None:
    """Make `account` the owner of one file or directory and let it reach it; nothing to do without an account."""
    if account is None:
        return
    os.chown(path, account.uid, account.gid)
    let_reach(path, account)


def let_reach(path: Path, account: Account | None) -> None:
    """Let `account`, and nobody else, pass through every directory above `path` that is closed to it.

    Raises BadSettings when the file system keeps no access control lists.
    """
    if account is None:
        return
    # a path through a symbolic link needs the parents of both: of the link and of what it leads to
    for directory in dict.fromkeys((*path.absolute().parents, *path.resolve().parents)):
        if not _may_search(directory, account):
            _open(directory, account)


def _may_search(directory: Path, account: Account) -> bool:
    found = directory.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & 0o100)
    return bool(found.st_mode & 0o001)


def _open(directory: Path, account: Account) -> None:
    try:
        grant_search(directory, account.uid)
    except OSError as error:
        raise BadSettings(
            "REPRISE_DATA_DIR",
            f"PostgreSQL does not run as root, and its account {account.name} cannot pass {directory} ({error}); "
            f"run `chmod o+x {directory}`, or do not run as root",
        ) from error


def _find() -> Account | None:
    try:
        found = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(NAME, found.pw_uid, found.pw_gid)


def _create() -> Account:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
        reason = made.stderr.strip()
    except FileNotFoundError as error:
        reason = str(error)
    # looked up whatever useradd says: another process may have made the account in the same moment
    account = _find()
    if account is None:
        raise BadSettings("user", f"PostgreSQL does not run as root, and no account could be made for it: {reason}")
    return account
