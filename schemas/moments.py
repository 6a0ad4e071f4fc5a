"""Moments as people write them: with a zone, and never as a bare number."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator


def _written(moment: object) -> object:
    """Digits alone would be taken for seconds since 1970: 20260131 for a day of August 1970."""
    if isinstance(moment, datetime):
        return moment
    if isinstance(moment, str) and not moment.lstrip("+-").replace(".", "", 1).isdecimal():
        return moment
    raise ValueError("is no time; write it like 2026-01-31T12:00:00Z")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_utc)]
