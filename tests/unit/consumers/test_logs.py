"""Logs: one line an event, of structlog and of libraries alike, with the instance and without secrets."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
import structlog

from consumers import logs
from schemas.settings import Settings

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The test session's own logging comes back."""
    root, levels = logging.getLogger(), {}
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in (*logs._NOISY, "transitions")}
    yield
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _configured(form: Literal["json", "console"] = "json", level: Literal["debug", "info"] = "info") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(Settings(log_format=form, log_level=level), part="api", stream=stream)
    return stream


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_names_part_level_time_and_what_it_is_about() -> None:
    stream = _configured()
    with logs.bind(instance="i-1", attempt=2, correlation_id="j-1"):
        structlog.get_logger("api").info("wish", type="retry.requested")
    structlog.get_logger("api").info("after")
    first, second = _lines(stream)
    assert first["event"] == "wish"
    assert (first["instance"], first["attempt"], first["correlation_id"]) == ("i-1", 2, "j-1")
    assert (first["part"], first["level"], first["type"]) == ("api", "info", "retry.requested")
    assert first["timestamp"].endswith("Z")
    assert "instance" not in second


def test_libraries_log_in_the_same_form() -> None:
    stream = _configured()
    logging.getLogger("uvicorn.error").warning("hello %s", "there", extra={"port": 80})
    logging.getLogger("nats").info("chatter")
    [line] = _lines(stream)
    assert (line["event"], line["level"], line["port"], line["part"]) == ("hello there", "warning", 80, "api")


def test_the_level_of_the_settings_holds() -> None:
    for level, count in (("info", 1), ("debug", 2)):
        stream = _configured(level=level)  # type: ignore[arg-type]  # one of the two above
        logger = structlog.get_logger(f"level-{level}")
        logger.debug("seen in debug alone")
        logger.info("always")
        assert len(_lines(stream)) == count


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_written(form: Literal["json", "console"]) -> None:
    stream = _configured(form)
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJoaWRkZW4ifQ.aGlkZGVuLXNpZ25hdHVyZQ"
    logger = structlog.get_logger(f"secrets-{form}")
    logger.info(
        "connecting to postgresql://reprise:hidden@db:5432/reprise and nats://hidden@host:4222",
        password="hidden",
        jwt_secret="hidden",
        headers={"Authorization": "Bearer hidden", "accept": "json"},
        error=f"the token {token} is bad",
        sent=["Bearer hidden"],
    )
    try:
        secret = "hidden"
        raise ValueError(f"postgresql://reprise:{secret}@db/reprise")
    except ValueError:
        logger.exception("failed")
    logging.getLogger("uvicorn.error").error("postgresql://reprise:%s@db/reprise", "hidden")
    written = stream.getvalue()
    assert "db:5432" in written
    assert "ValueError" in written
    assert "hidden" not in written
    assert token.split(".")[2] not in written
