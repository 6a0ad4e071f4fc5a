"""Exports of the audit log, as the API and the command line tell of them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class ExportView(BaseModel):
    """Who exported which part of the audit log, and why. `ended_at` None: under way, or it broke off."""

    id: UUID
    actor: str
    reason: str
    format: Literal["jsonl", "csv"]
    filters: dict[str, Any]
    begun_at: datetime
    ended_at: datetime | None
    rows: int | None


class ExportWhole(ExportView):
    """One export, with the signed manifest that its file is checked by; None until its last row was sent."""

    manifest: dict[str, Any] | None = Field(description="docs/audit-export.md tells what stands in it")


class SigningKeys(BaseModel):
    """The public halves of the keys that sign exports and checkpoints, newest first."""

    public_keys: list[str] = Field(examples=[["ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="]])


class ExportPage(BaseModel):
    """The latest exports."""

    items: list[ExportView]
