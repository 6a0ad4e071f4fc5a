"""Gives one user the right to pass through a directory, where opening it to everybody would be too much.

A POSIX access control list in the binary form the Linux kernel takes as the extended attribute
`system.posix_acl_access` (linux/posix_acl_xattr.h): a version, then entries of tag, permissions and id.
"""

import errno
import os
import stat
import struct
from pathlib import Path

ATTRIBUTE = "system.posix_acl_access"
VERSION = struct.pack("<I", 2)
ENTRY = struct.Struct("<HHI")
OWNER, USER, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY_IN_PARTICULAR = 0xFFFFFFFF
SEARCH = 1

Entries = dict[tuple[int, int], int]


def grant_search(directory: Path, uid: int) -> None:
    """Let the user `uid` pass through `directory` (not list it).

    Raises OSError where the file system or the operating system keeps no such lists.
    """
    if not hasattr(os, "setxattr"):
        raise OSError(errno.ENOTSUP, "no access control lists on this operating system")
    entries = _read(directory)
    wanted = _with_search(entries, uid)
    if wanted != entries:
        os.setxattr(directory, ATTRIBUTE, _encode(wanted))


def _with_search(entries: Entries, uid: int) -> Entries:
    user, mask = (USER, uid), (MASK, NOBODY_IN_PARTICULAR)
    # without a mask the group's own permissions are the limit; a new mask must not take any of them away
    limit = entries.get(mask, entries[(GROUP, NOBODY_IN_PARTICULAR)])
    return entries | {user: entries.get(user, 0) | SEARCH, mask: limit | SEARCH}


def _read(directory: Path) -> Entries:
    try:
        raw = os.getxattr(directory, ATTRIBUTE)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        return _from_mode(directory.stat().st_mode)
    return {(tag, who): allowed for tag, allowed, who in ENTRY.iter_unpack(raw[len(VERSION) :])}


def _from_mode(mode: int) -> Entries:
    bits = stat.S_IMODE(mode)
    return {
        (OWNER, NOBODY_IN_PARTICULAR): bits >> 6 & 7,
        (GROUP, NOBODY_IN_PARTICULAR): bits >> 3 & 7,
        (OTHER, NOBODY_IN_PARTICULAR): bits & 7,
    }


def _encode(entries: Entries) -> bytes:
    # the kernel wants them in the order of their tags
    ordered = sorted(entries.items())
    return VERSION + b"".join(ENTRY.pack(tag, allowed, who) for (tag, who), allowed in ordered)
