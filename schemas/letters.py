"""Dead letters as the API shows them, and what is asked of whoever redrives or drops one."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from schemas.requests import Closed
from schemas.text import Reason


class DeadLetter(BaseModel):
    """One message that could not be dealt with. `before`: how often it had been redriven before."""

    sequence: int
    at: datetime
    subject: str
    part: str
    error: str
    deliveries: int
    before: int


class DeadLetterWhole(DeadLetter):
    """With its own headers, what it says, and its failures before this one; secrets are masked."""

    headers: dict[str, str]
    data: Any
    story: list[dict[str, Any]]


class DeadLetterGroup(BaseModel):
    """So many with the same error, ids and numbers in it left out, met by the same part."""

    part: str
    error: str
    count: int


class DeadLetterPage(BaseModel):
    """The latest dead letters, newest first. `total`: how many there are in all."""

    groups: list[DeadLetterGroup]
    items: list[DeadLetter]
    total: int


class WhyThisLetter(Closed):
    """POST /api/dead-letters/{sequence}/redrive or drop: why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the profile is there now"}]})

    reason: Annotated[Reason, StringConstraints(min_length=1)]
