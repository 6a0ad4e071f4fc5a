"""Which cause it is that the scheduler names: room, a node that fits, or a volume."""

import re

from schemas.codes import ErrorCode

_ROOM = re.compile(r"Insufficient |Too many pods|no nodes available")
_VOLUME = re.compile(r"(?i)persistent ?volume|volume node affinity|max volume count")


def scheduling_code(message: str) -> ErrorCode:
    """Room, where it would help on any node; source of the words: kubernetes pkg/scheduler/framework/plugins."""
    if _ROOM.search(message):
        return ErrorCode.INSUFFICIENT_RESOURCES
    return ErrorCode.VOLUME_UNAVAILABLE if _VOLUME.search(message) else ErrorCode.NO_MATCHING_NODE
