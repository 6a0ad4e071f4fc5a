"""Finds the Chromium that pages are tested with: `python -m tests.browser.chromium` prints it."""

import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""Debian's, Ubuntu's, and Google's own."""


class ChromiumMissing(Exception):
    """None is installed."""


def chromium() -> Path:
    """The program. Raises ChromiumMissing."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise ChromiumMissing(f"no Chromium is installed ({', '.join(NAMES)}): apt-get install chromium")
    return Path(found)


if __name__ == "__main__":
    try:
        print(chromium())  # noqa: T201 - this is a command
    except ChromiumMissing as missing:
        raise SystemExit(str(missing)) from missing
