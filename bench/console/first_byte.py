"""How long a page lets one wait for its first byte, over a connection that is kept, as a browser keeps it."""

import statistics
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from bench.console.people import Person

WARM = 3
"""Looks before those that count: templates and statements are compiled once a process, not once a page."""


@dataclass(frozen=True)
class Waits:
    """Milliseconds."""

    p50: float
    p95: float
    most: float
    size: int


def measure(person: Person, path: str, times: int) -> Waits:
    """The page, so many times one after the other. Raises AssertionError where it is not shown."""
    connection = HTTPConnection(urlsplit(person.url).netloc, timeout=60)
    found, size = [], 0
    for _ in range(times + WARM):
        began = time.perf_counter()
        connection.request("GET", path, headers={**person.header, "Accept": "text/html"})
        answer = connection.getresponse()
        found.append((time.perf_counter() - began) * 1_000)
        size = len(answer.read())
        assert answer.status == 200, f"{path} answers {answer.status}"  # noqa: S101
    connection.close()
    found = found[WARM:]
    return Waits(statistics.median(found), statistics.quantiles(found, n=20)[-1], max(found), size)
