"""Draws the attempts of an instance: a bar for each step, as long and as late as it was within its attempt."""

from collections.abc import Iterator
from datetime import datetime

from cli.client import Document
from cli.output import local_time

WIDTH = 40
"""Characters for the whole of an attempt."""

BAR = "█"
SLIVER = "▏"


def draw(found: Document) -> None:
    """Print every attempt, oldest first."""
    if found["earlier"]:
        print("There are earlier rows, which are not drawn; `reprise audit list` shows them.")
    print("\n\n".join("\n".join(_attempt(attempt, found["at"])) for attempt in found["attempts"]))


def span(seconds: float) -> str:
    """A length of time in its two greatest units: 0.4s, 12s, 3m 05s, 2h 07m, 3d 04h."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    for unit, name, small, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= unit:
            return f"{int(seconds // unit)}{name} {int(seconds % unit // small):02d}{part}"
    return f"{int(seconds)}s"


def bar(began: float, ended: float, whole: float) -> str:
    """From `began` to `ended` of `whole` seconds; what is too short to be seen is a sliver."""
    if whole <= 0:
        return SLIVER
    left, right = (round(WIDTH * moment / whole) for moment in (began, ended))
    return " " * min(left, WIDTH - 1) + (BAR * (right - left) or SLIVER)


def _attempt(attempt: Document, at: str) -> Iterator[str]:
    end = attempt["ended_at"] or at
    whole = _between(attempt["began_at"], end)
    title = (f"Attempt {attempt['attempt']}", local_time(attempt["began_at"]), span(whole))
    yield "  ".join((*map(str, title), attempt["ended_in"] or "under way", attempt["actor"]))
    if attempt["error"]:
        yield f"  {attempt['error_code'] or 'failed'}: {attempt['error']}"
    width = max(len(step["state"]) for step in attempt["steps"])
    for step in attempt["steps"]:
        yield from _step(step, attempt, at, width, whole)


def _step(step: Document, attempt: Document, at: str, width: int, whole: float) -> Iterator[str]:
    began = _between(attempt["began_at"], step["began_at"])
    length = _between(step["began_at"], step["ended_at"] or at)
    afterwards = attempt["ended_at"] is not None and step["began_at"] >= attempt["ended_at"]
    drawn = "" if afterwards else bar(began, began + length, whole)
    lasts = "" if step["ended_at"] else "…"
    yield f"  {step['state']:<{width}}  {span(length) + lasts:>9}  {drawn}".rstrip()
    for wait in step["waits"]:
        yield f"  {'':<{width}}  {'':>9}  {local_time(wait['since'])}  {wait['cause']}"


def _between(began: str, ended: str) -> float:
    return max((datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds(), 0.0)
