"""Reads the conditions and times of an object's status."""

from datetime import UTC, datetime

from cluster.kinds import Object


def condition(found: Object, name: str, status: str) -> Object | None:
    """The condition of that name, where it has that status ("True", "False")."""
    for each in found.get("status", {}).get("conditions") or ():
        if each["type"] == name and each["status"] == status:
            held: Object = each
            return held
    return None


def since(held: Object | None) -> datetime | None:
    """Since when a condition has had its status."""
    return moment(held.get("lastTransitionTime")) if held else None


def moment(text: str | None) -> datetime | None:
    """A time as the API writes it: 2026-01-31T12:00:00Z."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
