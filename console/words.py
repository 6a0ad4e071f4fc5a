"""What an instance waits for, in words for people who know neither events nor states."""

from schemas.types import EventType

AWAITED: dict[str, str] = {
    EventType.PROVISION_ADMITTED: "Waiting for its turn",
    EventType.DATABASE_ALLOCATED: "Waiting for its database",
    EventType.DEPLOY_APPLIED: "Waiting for the cluster to accept it",
    EventType.DEPLOY_SCHEDULED: "Waiting for room on a node",
    EventType.DEPLOY_READY: "Waiting for Odoo to be ready",
    EventType.CLEANUP_COMPLETED: "Cleaning up what the attempt made",
    EventType.STOP_COMPLETED: "Being stopped",
    EventType.DELETE_COMPLETED: "Being deleted",
    EventType.PURGE_DUE: "In the trash",
    EventType.RETRY_REQUESTED: "Waiting for somebody to retry it",
    EventType.RETRY_DUE: "Waiting to be retried by itself",
}


def awaited(event_type: str) -> str:
    """The beginning of a sentence; an event that has no words here stands as it is called."""
    return AWAITED.get(event_type, f"Waiting for {event_type}")
