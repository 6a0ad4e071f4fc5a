"""The plan of a bulk retry, in sentences."""

from collections.abc import Iterator

from schemas.counting import count_of
from schemas.rates import per_second
from schemas.retrying import BulkPlan, FailedInstance, RetryMany

SAMPLE = 10


def plan_of(wanted: RetryMany, count: int, sample: list[FailedInstance]) -> BulkPlan:
    """What would be done with `count` instances."""
    seconds = max(count - 1, 0) / per_second(wanted.rate)
    lines = [*_left_out(wanted, count), *(_lines(wanted, count, seconds) if count else ())]
    return BulkPlan(count=count, sample=sample, seconds=seconds, lines=lines)


def _left_out(wanted: RetryMany, count: int) -> Iterator[str]:
    """Whoever chose by hand is told where a choice does not hold: the list may be older than what it shows."""
    missing = min(len(set(wanted.where.ids or ())), wanted.limit) - count
    if missing > 0:
        yield f"{missing} of those chosen cannot be retried now: not in error, not clean yet, held, or not to be found."


def _lines(wanted: RetryMany, count: int, seconds: float) -> list[str]:
    first, change = "One goes first, the one that failed first.", list(_change(wanted))
    if count == 1:
        return [first, *change]
    return [
        f"{first} {count_of(count - 1, 'follows', 'follow')} only when it has passed the step that had failed.",
        f"They follow at {wanted.rate}: beginning them all takes {seconds:.0f} s or more.",
        f"It stops by itself when the same error has come back for more than {wanted.stop_share:.0%} of those known.",
        "What has changed until its turn comes, or is held by then, is left alone.",
        *change,
    ]


def _change(wanted: RetryMany) -> Iterator[str]:
    changed = wanted.change.model_dump(mode="json", exclude_none=True)
    if changed:
        yield f"Each is retried with {', '.join(f'{name} {value}' for name, value in changed.items())}."
