"""Shortens the cluster's messages to what people need, in its own words, so that the same cause reads the same."""

import re

from schemas.text import cleaned

_TAIL = re.compile(r"\s*(?:no new claims to deallocate|preemption:|(?<=\.) not found\b).*$", re.DOTALL)
_WHOSE = re.compile(r'^(?:Error creating: )?pods "[^"]*" is forbidden: ')


def unschedulable(message: str) -> str:
    """What the scheduler said, without what it says of claims and preemption after it.

    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes …" becomes
    "0/1 nodes are available: 1 Insufficient cpu."
    """
    return _sentence(_TAIL.sub("", cleaned(message)))


def forbidden(message: str) -> str:
    """Why no pod was made, without the name of the pod, which is another at each try."""
    return _sentence(_WHOSE.sub("", cleaned(message)))


def plain(message: str) -> str:
    """Any other message as one sentence."""
    return _sentence(cleaned(message, 500))


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."
