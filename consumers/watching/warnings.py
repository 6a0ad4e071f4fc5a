"""Keeps what Events tell of objects: the latest of each reason that nothing else tells, of so many objects at most."""

from collections import OrderedDict
from collections.abc import Iterable

from cluster.kinds import Object
from cluster.told import REASONS, Events, Told
from schemas.text import cleaned

ONLY = "type=Warning"
"""The Events to ask for; the API server selects by one reason at most."""
MOST = 5000
"""Objects; the one of which nothing was told for longest is forgotten first (whoever still fails tells it again)."""
LONGEST = 500
_COMBINED = "(combined from similar events): "
_GENERAL = "Unable to attach or mount volumes"


class Warnings:
    """Bounded: a namespace may be full of objects that warn, most of them somebody else's."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._told: OrderedDict[str, dict[str, Told]] = OrderedDict()

    def put(self, event: Object) -> bool:
        """Take one Event; False where it tells nothing new."""
        reason, uid = event.get("reason", ""), event["involvedObject"].get("uid", "")
        if reason not in REASONS or not uid:
            return False
        told, known = _told(event), self._told.get(uid, {}).get(reason)
        if known is not None and not _says_more(told, known):
            return False
        self._told.setdefault(uid, {})[reason] = told
        self._told.move_to_end(uid)
        while len(self._told) > self._most:
            self._told.popitem(last=False)
        return known is None or told.message != known.message

    def about(self, uids: Iterable[str]) -> Events:
        """What is known of these objects."""
        return {uid: dict(self._told[uid]) for uid in uids if uid in self._told}


def _told(event: Object) -> Told:
    meta = event["metadata"]
    last = (event.get("series") or {}).get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    message = cleaned(event.get("message") or "", LONGEST).removeprefix(_COMBINED)
    return Told(message, last or meta.get("creationTimestamp") or "", meta["resourceVersion"])


def _says_more(told: Told, known: Told) -> bool:
    """A kubelet tells by turns why a volume is not mounted, and that it has waited for it."""
    general = told.message.startswith(_GENERAL) and not known.message.startswith(_GENERAL)
    return told.at >= known.at and not general
