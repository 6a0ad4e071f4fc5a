"""What speaks for the audit log: the last checkpoint, and the comparisons of the log with all of them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class CheckpointView(BaseModel):
    """The last signed checkpoint in the stream. `wrong`: why its signature cannot be believed, None where it can."""

    number: int
    taken_at: datetime
    instances: int = Field(description="whose heads it vouches for, with those of the checkpoints that it builds upon")
    changed: int = Field(description="heads that stand in it: those that moved since the one that it builds upon")
    since: int = Field(description="the checkpoint that it builds upon; 0: it has all heads")
    key_id: str = Field(description="of the key that signed it")
    wrong: str | None


class LastCheckpoint(BaseModel):
    """None where none was taken: checkpoints need REPRISE_AUDIT_SIGNING_KEY."""

    checkpoint: CheckpointView | None


class Difference(BaseModel):
    """The first row of an instance that is not as it was recorded. No instance: a checkpoint differs."""

    instance_id: str | None
    sequence: int | None
    why: str


class VerificationView(BaseModel):
    """One comparison of the whole log: each row's hash and place, and each trail with what checkpoints saw of it.

    `differing`: instances and checkpoints of which something differs; `differences`: the first of them.
    """

    id: UUID
    actor: str
    ended_at: datetime
    seconds: float
    rows: int
    instances: int
    differing: int
    differences: list[Difference]
    checkpoints: int = Field(description="so many the log was compared with")
    up_to: int | None = Field(description="the number of the last of them; null: none could be believed")


class VerificationPage(BaseModel):
    """The latest, newest first. `may`: whether the log is small enough to be verified by the server now."""

    items: list[VerificationView]
    may: bool
