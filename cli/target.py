"""Where the API is and the token for it: from the environment, or from what `reprise up` left in its data directory."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from schemas.errors import BadSettings, DependencyDown

DATA_DIR = ".reprise"
ANOTHER = "one that `reprise token` makes with the REPRISE_JWT_SECRET of that Reprise"
OTHER = f"REPRISE_TOKEN to {ANOTHER}"


class Target(NamedTuple):
    """An API and a token for it; an empty token sends none. `source`: the file that the token was found in, if any."""

    url: str
    token: str
    source: Path | None = None

    @property
    def remedy(self) -> str:
        """What helps where the token is missing or not believed."""
        if self.source is not None:
            return f"the token is that of {self.source}; restart `reprise up`, which writes a new one, or set {OTHER}"
        if self.token:
            return f"the token is that of REPRISE_TOKEN; set it to {ANOTHER}"
        return f"set {OTHER}, or unset REPRISE_URL where the data directory of `reprise up` has one"


def target() -> Target:
    """REPRISE_URL with REPRISE_TOKEN, else client.json of the data directory.

    A token found in a file is never sent to a URL from the environment. Raises DependencyDown where neither is there,
    BadSettings where one cannot be used.
    """
    url, token = os.environ.get("REPRISE_URL", ""), os.environ.get("REPRISE_TOKEN", "")
    if url:
        return Target(_checked(url), token)
    file = client_file()
    if file is None:
        raise DependencyDown("Reprise", "nothing here says where it is; run `reprise up`, or set REPRISE_URL")
    found = _read(file)
    return Target(_checked(found.url), token) if token else found._replace(url=_checked(found.url))


def client_file() -> Path | None:
    """The client.json of REPRISE_DATA_DIR, else of the nearest .reprise here or above; None where there is none."""
    directory = data_dir()
    file = directory / "client.json" if directory else None
    return file if file and file.is_file() else None


def data_dir() -> Path | None:
    """REPRISE_DATA_DIR, else the nearest directory .reprise here or above, as git finds its own."""
    if named := os.environ.get("REPRISE_DATA_DIR"):
        return Path(named)
    here = Path.cwd()
    candidates = (directory / DATA_DIR for directory in (here, *here.parents))
    return next((candidate for candidate in candidates if candidate.is_dir()), None)


def _read(file: Path) -> Target:
    try:
        content = json.loads(file.read_text())
        return Target(str(content["url"]), str(content["token"]), file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadSettings("REPRISE_DATA_DIR", f"{file} cannot be read ({error}); run `reprise up` anew") from error


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise BadSettings("REPRISE_URL", f"{url!r} is no address; write it like http://127.0.0.1:8080")
    return url.rstrip("/")
