"""One account may pass through a private directory, and nobody else, and even it may not look around there."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from embedded.account import Account, let_reach, unprivileged
from embedded.acl import ATTRIBUTE, ENTRY, GROUP, MASK, OTHER, OWNER, SEARCH, USER, grant_search

NOBODY = 65534


def _may(uid: int, program: str, path: Path) -> bool:
    """Whether that user can run a program (`cat`, `ls`) on a path."""
    ran = subprocess.run([program, path], user=uid, group=uid, extra_groups=[], capture_output=True, check=False)  # noqa: S603
    return ran.returncode == 0


@pytest.fixture
def private(tmp_path: Path) -> Path:
    inner = tmp_path / "private" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_text("content")
    inner.parent.chmod(0o700)
    return inner


def test_one_user_is_added_and_every_right_that_was_there_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    for uid in (12345, 54321, 12345):
        grant_search(tmp_path, uid)
    entries = set(ENTRY.iter_unpack(os.getxattr(tmp_path, ATTRIBUTE)[4:]))
    named = {(USER, SEARCH, 12345), (USER, SEARCH, 54321)}
    unnamed = {(tag, allowed, 0xFFFFFFFF) for tag, allowed in ((OWNER, 7), (GROUP, 5), (MASK, 5), (OTHER, 0))}
    assert entries == named | unnamed
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


if os.geteuid() == 0:  # only root runs PostgreSQL under another account, and only root can try what others may do

    def test_the_account_passes_and_may_not_look_around_and_others_do_not_pass(private: Path) -> None:
        account = unprivileged()
        assert account is not None
        assert not _may(account.uid, "cat", private / "file")
        let_reach(private / "file", account)
        assert _may(account.uid, "cat", private / "file")
        assert not _may(account.uid, "ls", private.parent)
        assert not _may(NOBODY, "cat", private / "file")

    def test_rights_that_were_there_stay(tmp_path: Path) -> None:
        first, second = 12345, 54321
        (tmp_path / "private").mkdir(mode=0o750)
        (tmp_path / "private" / "file").write_text("content")
        let_reach(tmp_path / "private" / "file", Account("first", first, first))
        let_reach(tmp_path / "private" / "file", Account("second", second, second))
        let_reach(tmp_path / "private" / "file", Account("first", first, first))
        assert [_may(uid, "cat", tmp_path / "private" / "file") for uid in (first, second, NOBODY)] == [
            True,
            True,
            False,
        ]
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o750
