"""What to do about each cause is said once, and docs/failures.md says the same."""

from schemas.causes import REMEDIES
from schemas.codes import ErrorCode
from tests.support.failures import rows


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == set(ErrorCode)
    assert all(remedy.endswith(".") and "\n" not in remedy and "|" not in remedy for remedy in REMEDIES.values())


def test_the_page_has_every_code_with_its_remedy() -> None:
    told = {(ErrorCode(row.code), row.remedy) for row in rows().values()}
    assert told == set(REMEDIES.items())
