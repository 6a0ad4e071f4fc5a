"""When a bulk retry goes on, and when it stops by itself. Pure."""

from dataclasses import dataclass

from schemas.retrying import BulkState

AT_LEAST = 3
"""Outcomes that must be known before a share of them means anything."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many instances a bulk retry has, and what is known of them."""

    total: int
    waiting: int
    under_way: int
    verified: int
    failed: int
    skipped: int
    same_error: int

    @property
    def known(self) -> int:
        """Of how many one knows whether the retry helped."""
        return self.verified + self.failed


def judged(state: BulkState, counted: Tally, stop_share: float) -> tuple[BulkState, str | None]:
    """The state that follows, and why it stopped."""
    if state == "canary" and counted.failed:
        return "stopped", "the first retry failed, so the others were left as they were"
    if state == "following" and _comes_back(counted, stop_share):
        return "stopped", f"the same error came back for {counted.same_error} of {counted.known}"
    if state in ("canary", "following") and not counted.waiting and not counted.under_way:
        return "completed", None
    if state == "canary" and counted.verified:
        return "following", None
    return state, None


def _comes_back(counted: Tally, stop_share: float) -> bool:
    return counted.known >= AT_LEAST and counted.same_error > stop_share * counted.known
