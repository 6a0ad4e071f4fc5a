"""The plan of a replay, in sentences."""

from schemas.counting import count_of
from schemas.rates import per_second
from schemas.replaying import Past, PastEvent, ReplayMany, ReplayPlan

SAMPLE = 10


def plan_of(wanted: ReplayMany, where: Past, stream: str, fitting: int, sample: list[PastEvent]) -> ReplayPlan:
    """What would be sent, of `fitting` events."""
    count = min(fitting, wanted.max)
    seconds = max(count - 1, 0) / per_second(wanted.rate)
    return ReplayPlan(
        where=where,
        stream=stream,
        fitting=fitting,
        count=count,
        sample=sample[:count],
        seconds=seconds,
        lines=_lines(wanted, stream, fitting, count, seconds) if count else [],
    )


def _lines(wanted: ReplayMany, stream: str, fitting: int, count: int, seconds: float) -> list[str]:
    lines = [
        f"They go to {wanted.to}, which the stream {stream} stores, in the order in which they were recorded.",
        f"At {wanted.rate} that takes {seconds:.0f} s or more.",
        "Each is marked with replay: true and the replay's id, and is not signed: no part of Reprise acts upon it.",
    ]
    if count < fitting:
        lines.append(f"{fitting:,} fit; {count_of(count, 'is', 'are')} sent, the oldest, for that is the cap.")
    return lines
