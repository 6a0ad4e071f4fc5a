"""Takes a password without showing it: never from the command line, which others on the machine can read."""

import sys
from getpass import getpass


def read_password() -> str:
    """From a prompt, or the first line of a pipe."""
    return getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
