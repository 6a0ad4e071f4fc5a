"""Tells the cluster's messages as sentences that people can use: in its own words, without what differs at each try."""

import re

from schemas.text import cleaned

_TAIL = re.compile(r"\s*(?:no new claims to deallocate|preemption:|(?<=\.) not found\b).*$", re.DOTALL)
_WHOSE = re.compile(
    r"^(?:Failed to create new replica set \"[^\"]*\": )?(?:Error creating: )?"
    r"(?:(?:pods|replicasets\.apps) \"[^\"]*\" is forbidden: )?"
)
_VOLUME = re.compile(r'^\w+\.\w+ failed for volume "[^"]*" : (?:rpc error: code = \w+ desc = )?')
_POD = re.compile(r' \(pod: "[^"]*", container: [^)]*\)')
_SECRET = re.compile(r"(?i)(?P<before>://[^/\s:@]*:|pass(?:word|wd)?\s*[=:]\s*)[^\s@]+")
_SIGNATURE = re.compile(r"(?P<before>https?://[^\s?\"]+\?)[^\s\":]+")


def unschedulable(message: str) -> str:
    """What the scheduler said, without what it says of claims and preemption after it.

    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes …" becomes
    "0/1 nodes are available: 1 Insufficient cpu."
    """
    return _sentence(_TAIL.sub("", cleaned(message)))


def podless(message: str) -> str:
    """Why no pod was made, without the names of pod and ReplicaSet, which are others at each try."""
    return _sentence(f"The cluster makes no pod: {_WHOSE.sub('', cleaned(message))}")


def refused(message: str) -> str:
    """What the API answered to a request that it does not carry out."""
    return _sentence(f"The cluster refuses it: {cleaned(message)}")


def unmounted(message: str) -> str:
    """Why a volume is not there, without the name that the cluster gave it and the words of its transport.

    'AttachVolume.Attach failed for volume "pv-1" : rpc error: code = Internal desc = no such disk' becomes
    "no such disk"
    """
    return _VOLUME.sub("", cleaned(message, 500))


def last_line(message: str) -> str:
    """The last words of a program: the line in which it says what was wrong."""
    lines = message.strip().splitlines()
    return cleaned(lines[-1], 500) if lines else ""


def plain(message: str) -> str:
    """Any other message as one sentence."""
    return _sentence(cleaned(message, 500))


def _sentence(text: str) -> str:
    text = _POD.sub("", _SIGNATURE.sub(r"\g<before>…", _SECRET.sub(r"\g<before>…", text.strip())))
    return text if not text or text[-1] in ".!?…" else f"{text}."
