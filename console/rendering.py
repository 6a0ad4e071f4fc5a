"""Renders pages: one Jinja environment that escapes everything, and what templates may call."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.asking import console_of, session_of
from console.sessions import Session
from console.words import awaited, cause, does, which
from schemas.counting import count_of

HERE = Path(__file__).parent
STATIC = HERE / "static"


def _version() -> str:
    """Changes when a file under static does, so that browsers may keep what they have."""
    content = b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]


def moment(text: str | None) -> Markup:
    """A time in UTC, which the page's script puts into the reader's zone."""
    if text is None:
        return Markup("")
    at = datetime.fromisoformat(text)
    return Markup('<time datetime="{}" title="{}">{} UTC</time>').format(
        at.isoformat(), at.isoformat(timespec="milliseconds"), f"{at:%Y-%m-%d %H:%M:%S}"
    )


def span(seconds: float | None) -> str:
    """A duration as people say it: 0.4 s, 5 s, 12 s, 5 min, 3 h, 2 d."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{round(seconds, 1 if seconds < 10 else None):g} s"


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(
    awaited=awaited, cause=cause, count_of=count_of, does=does, moment=moment, span=span, which=which
)
_ENVIRONMENT.globals.update(version=_version())


def piece(request: Request, template: str, **values: Any) -> str:
    """A part of a page, that is sent by itself."""
    return _ENVIRONMENT.get_template(template).render(root=console_of(request).prefix, **values)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """One page. Templates see the session (None: nobody is signed in) and the prefix under which all paths stand."""
    session: Session | None = values.pop("session") if "session" in values else session_of(request)
    root = console_of(request).prefix
    html = _ENVIRONMENT.get_template(template).render(session=session, root=root, path=request.url.path, **values)
    return HTMLResponse(html, status)
