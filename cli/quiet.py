"""Keeps what libraries and parts log out of a command's answer, while the command runs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged inside the block: what matters to the command is in what it prints, or raised."""
    import structlog

    before, configuration = logging.root.manager.disable, structlog.get_config()
    logging.disable()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**configuration)
        logging.disable(before)
