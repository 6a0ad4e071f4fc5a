"""What templates say of times and spans, and that they escape whatever people and clusters have written."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request

from console.failing import LOOKS
from console.rendering import moment, page, span
from schemas.errors import NotFound


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.04, "0 s"),
        (9.94, "9.9 s"),
        (12.4, "12 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_200, "2 h"),
        (172_800, "2 d"),
    ],
)
def test_spans(seconds: float | None, said: str) -> None:
    assert span(seconds) == said


def test_a_moment_has_the_exact_time_for_machines_and_on_hover() -> None:
    exact = 'datetime="2026-01-31T12:00:00.123456+00:00" title="2026-01-31T12:00:00.123+00:00"'
    assert moment("2026-01-31T12:00:00.123456Z") == f"<time {exact}>2026-01-31 12:00:00 UTC</time>"
    assert moment(None) == ""


def test_text_from_outside_is_escaped() -> None:
    app = SimpleNamespace(state=SimpleNamespace(console=SimpleNamespace(prefix="/reprise")))
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "app": app}
    request = Request(scope)
    answer = page(request, "error.html", 404, session=_Nobody, look=LOOKS[NotFound], detail="<script>alert(1)</script>")
    assert b"<script>alert" not in answer.body
    assert b"&lt;script&gt;alert(1)" in answer.body


class _Nobody:
    """Whoever looks."""

    subject, role, customer_id, csrf, is_admin = '"><img src=x>', "admin", None, "c", True
