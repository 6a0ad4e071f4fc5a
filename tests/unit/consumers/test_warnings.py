"""What is kept of Events: the latest of each reason, and not more than so many."""

from consumers.watching.warnings import Warnings
from tests.unit.consumers.test_cache import event

GENERAL = "Unable to attach or mount volumes: unmounted volumes=[data]: timed out waiting for the condition"


def said(warnings: Warnings, uid: str = "pod") -> dict[str, str]:
    """The message of each reason."""
    return {reason: told.message for reason, told in warnings.about([uid]).get(uid, {}).items()}


def test_an_older_event_that_is_listed_later_is_left() -> None:
    warnings = Warnings()
    assert warnings.put(event("pod", "new", at=1))
    assert not warnings.put(event("pod", "old", at=9))
    assert said(warnings) == {"FailedMount": "new"}


def test_that_it_has_waited_does_not_hide_why() -> None:
    warnings = Warnings()
    assert warnings.put(event("pod", GENERAL, at=9))
    assert warnings.put(event("pod", "no such disk", at=8))
    assert not warnings.put(event("pod", GENERAL, at=7))
    assert said(warnings) == {"FailedMount": "no such disk"}


def test_events_that_a_controller_has_combined_read_like_each_of_them() -> None:
    warnings = Warnings()
    warnings.put(event("rs", "(combined from similar events): Error creating: no", reason="FailedCreate"))
    assert said(warnings, "rs") == {"FailedCreate": "Error creating: no"}


def test_an_event_of_the_newer_kind_has_its_time_elsewhere() -> None:
    warnings = Warnings()
    old, new = event("pod", "old", at=5), event("pod", "new", at=1)
    for each in (old, new):
        each["series"] = {"lastObservedTime": each.pop("lastTimestamp")}
    assert warnings.put(new)
    assert not warnings.put(old)


def test_not_more_objects_are_remembered_than_allowed_and_the_quietest_goes_first() -> None:
    warnings = Warnings(most=2)
    for uid in ("a", "b", "a", "c"):
        warnings.put(event(uid, f"{uid} fails " + "x" * 5000))
    assert warnings.about("abc").keys() == {"a", "c"}
    assert len(said(warnings, "a")["FailedMount"]) == 500
