"""What every part logs and how: one line an event, with the instance it is about, and no secrets in it."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from schemas.settings import Settings

HIDDEN = "***"
_SECRET_NAME = re.compile(r"passw|secret|token|authorization|credential|(^|_)key$|database_keys|jwt", re.IGNORECASE)
_HARMLESS = frozenset({"idempotency_key", "known_key"})
_URL_PASSWORD = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]*://(?:[^\s:/@]*:)?)[^\s/@]+@", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer\s+)\S+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_NOISY = ("nats", "asyncio", "httpx", "httpcore", "faststream", "alembic", "kubernetes_asyncio", "sqlalchemy")


def configure(settings: Settings, *, part: str = "", stream: TextIO | None = None) -> None:
    """Sets up structlog and the standard library's logging for this process, once, before anything is logged."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _of_part(part),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(settings, shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.getLogger("transitions").setLevel(logging.ERROR)  # what the table refuses stands in the audit log


def bind(*, instance: object, attempt: int | None = None, correlation_id: object = None) -> Any:
    """Names the instance, its attempt and the job in all that is logged inside the `with` block."""
    known = {"instance": str(instance), "attempt": attempt, "correlation_id": correlation_id}
    return structlog.contextvars.bound_contextvars(
        **{name: str(value) if name != "attempt" else value for name, value in known.items() if value is not None}
    )


def redacted(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Takes secrets out: values under a secret's name, passwords in URLs, tokens in texts."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name not in _HARMLESS and _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, str):
        return _BEARER.sub(HIDDEN, _URL_PASSWORD.sub(rf"\g<before>{HIDDEN}@", value))
    if isinstance(value, Mapping):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return value


def _of_part(part: str) -> Processor:
    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if part:
            event.setdefault("part", part)
        return event

    return named


def _formatter(settings: Settings, shared: list[Processor]) -> structlog.stdlib.ProcessorFormatter:
    colours = settings.log_format == "console" and sys.stderr.isatty()
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=colours)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,  # as text, without the local variables, which may hold secrets
            redacted,
            renderer,
        ],
    )
