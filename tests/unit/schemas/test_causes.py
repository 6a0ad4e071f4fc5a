"""What to do about each cause is said once, and docs/failures.md says the same."""

import pytest

from schemas.causes import REMEDIES
from schemas.codes import ErrorCode
from schemas.payloads import TimerDue
from schemas.types import EventType
from tests.support.failures import rows
from tests.unit.statemachine.scenario import Scenario, allocating, deploying, initializing


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == set(ErrorCode)
    assert all(remedy.endswith(".") and "\n" not in remedy and "|" not in remedy for remedy in REMEDIES.values())


def test_the_page_has_every_code_with_its_remedy() -> None:
    told = {(ErrorCode(row.code), row.remedy) for row in rows().values()}
    assert told == set(REMEDIES.items())


@pytest.mark.parametrize(
    ("cause", "failed"),
    [
        ("no answer about a database", allocating().then(EventType.DATABASE_TIMEOUT, TimerDue(after=300))),
        ("nothing that the cluster tells of", initializing().then(EventType.INIT_TIMEOUT, TimerDue(after=900))),
        ("a person", deploying().then(EventType.CANCEL_REQUESTED)),
    ],
)
def test_what_no_cluster_tells_is_told_as_the_page_says(cause: str, failed: Scenario) -> None:
    told, row = rows()[cause], failed.now_is
    assert row.error_message is not None
    assert told.said_by(row.error_message), row.error_message
    assert row.error_code == told.code
