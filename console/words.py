"""What the API says in names and lists, and what can be done, for people who know neither events nor filters."""

from collections.abc import Mapping
from typing import Any

from schemas.codes import ErrorCode
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

CAUSES: dict[str, str] = {
    ErrorCode.INSUFFICIENT_RESOURCES: "No node has room for it",
    ErrorCode.NO_MATCHING_NODE: "No node is one that it may run on",
    ErrorCode.VOLUME_UNAVAILABLE: "It gets no volume",
    ErrorCode.QUOTA_EXCEEDED: "The namespace may not use so much",
    ErrorCode.LIMIT_RANGE: "The namespace allows no such size",
    ErrorCode.IMAGE_PULL: "Its image cannot be pulled",
    ErrorCode.CONTAINER_CONFIG: "A container cannot be created",
    ErrorCode.INIT_FAILED: "Odoo could not set up its database",
    ErrorCode.CRASH_LOOP: "Odoo keeps crashing",
    ErrorCode.OUT_OF_MEMORY: "Odoo needs more memory than it may use",
    ErrorCode.NOT_READY: "Odoo runs and does not answer",
    ErrorCode.CLUSTER_REFUSED: "A rule of the cluster refuses it",
    ErrorCode.FORBIDDEN: "Reprise lacks a permission in the cluster",
    ErrorCode.NAMESPACE_TERMINATING: "Its namespace is being deleted",
    ErrorCode.DATABASE_UNAVAILABLE: "It got no database",
    ErrorCode.DATA_MISSING: "Its data is not there",
    ErrorCode.TIMEOUT: "It took too long",
    ErrorCode.CANCELLED: "Somebody cancelled it",
}


def cause(code: str) -> str:
    """Why something failed; a cause that has no words here stands as it is called."""
    return CAUSES.get(code, code)


def awaited(event_type: str) -> str:
    """The beginning of a sentence; an event that has no words here stands as it is called."""
    return AWAITED.get(event_type, f"Waiting for {event_type}")


def which(where: Mapping[str, Any]) -> str:
    """Which instances a retry of many is of, from its `where`."""
    chosen = [f"{len(where['ids'])} chosen by hand"] if where.get("ids") else []
    return ", ".join([*chosen, *(f"{name}={value}" for name, value in where.items() if name != "ids")])


WISHES: dict[str, str] = {
    "stop": "It is scaled to zero; its data stays.",
    "start": "It runs again, on its data.",
    "hold": "It is left alone: nothing is begun for it, nothing heals it, and its deadlines wait.",
    "release": "It goes on where it was held.",
    "cancel": "What is under way for it is given up, and what an attempt that never ran has made is removed.",
    "restore": "It comes out of the trash, stopped.",
}


def does(wish: str) -> str:
    """What a button does."""
    return WISHES[wish]
