"""Removes what carries certain labels, group by group, each seen gone before the next, and remembers what was there."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable, Sequence

from cluster.client import Cluster
from cluster.kinds import (
    CLAIM,
    DEPLOYMENT,
    INGRESS,
    JOB,
    POD,
    POSTGRES_CLUSTER,
    REPLICA_SET,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
    Object,
)
from cluster.names import selector
from cluster.sight import terminating
from cluster.vanishing import until_gone
from schemas.payloads import ReceiptLine

Check = Callable[[], Awaitable[None]]
"""Raises where the row has moved since the work began, so that what follows is not wanted any more."""
Name = tuple[str, str]
"""Kind and name of an object."""
BeforeLast = Callable[[set[Name]], Awaitable[None]]
Groups = tuple[tuple[Kind, ...], ...]

INSTANCE_GROUPS: Groups = ((DEPLOYMENT,), (REPLICA_SET,), (POD,), (CLAIM, SERVICE, INGRESS), (SECRET,))
"""The workload first: a volume is not taken from under a pod. The Secret last: it remembers."""
UNTOLD = frozenset({REPLICA_SET, JOB})
"""Kinds that receipts leave out."""
FOUND = "reprise.dev/found"
"""An annotation of the Secret: what was there when its removal began, whoever goes on with it."""


def server_groups(kinds: tuple[Kind, ...]) -> Groups:
    """The same for a dedicated database server, of which `kinds` are what it may be run by."""
    return ((JOB,), kinds, (POD,), (CLAIM, SERVICE), (SECRET,))


async def server_kinds(cluster: Cluster) -> tuple[Kind, ...]:
    """What a dedicated database server may be run by in this cluster."""
    operated = await cluster.serves(POSTGRES_CLUSTER)
    return (STATEFUL_SET, POSTGRES_CLUSTER) if operated else (STATEFUL_SET,)


async def remove_labelled(
    cluster: Cluster, wanted: dict[str, str], check: Check, groups: Groups, before_last: BeforeLast | None = None
) -> set[Name]:
    """Remove what carries these labels. Raises NotYet until it is gone, and what `check` raises before any deletion.

    Returns all that was there when the removal began, in this run or in one before it; pods only if a node had taken
    them. `before_last` is awaited with it while the Secret still remembers.
    """
    found = await note(cluster, wanted, groups)
    for kinds in groups:
        if kinds is groups[-1] and before_last is not None:
            await before_last(found)
        await _delete(cluster, kinds, wanted, check)
        await until_gone(cluster, kinds, wanted)
    return found


async def note(cluster: Cluster, wanted: dict[str, str], groups: Groups) -> set[Name]:
    """Remember on the Secrets what is there: what goes first is gone when the receipt is written."""
    kinds = [kind for group in groups for kind in group if kind not in UNTOLD]
    seen = [(kind, each) for kind, each in await select(cluster, kinds, wanted) if kind is not POD or _taken(each)]
    secrets = [each for kind, each in seen if kind is SECRET]
    found = names(seen).union(*map(_noted, secrets))
    text = ",".join(sorted(f"{kind}/{name}" for kind, name in found))
    for each in secrets:
        if _annotation(each) != text:
            await cluster.patch(SECRET, each["metadata"]["name"], {"metadata": {"annotations": {FOUND: text}}})
    return found


async def select(cluster: Cluster, kinds: Sequence[Kind], wanted: dict[str, str]) -> list[tuple[Kind, Object]]:
    """All objects of these kinds with these labels."""
    found = await gather(*(cluster.select(kind, selector(wanted)) for kind in kinds))
    return [(kind, each) for kind, objects in zip(kinds, found, strict=True) for each in objects]


def names(found: Iterable[tuple[Kind, Object]]) -> set[Name]:
    """Kind and name of each."""
    return {(kind.name, str(each["metadata"]["name"])) for kind, each in found}


def told(expected: Iterable[Name], removed: set[Name]) -> list[ReceiptLine]:
    """The receipt: what was expected, in that order, and whatever else was removed."""
    return [_line(kind, name, (kind, name) in removed) for kind, name in dict.fromkeys([*expected, *sorted(removed)])]


async def _delete(cluster: Cluster, kinds: Sequence[Kind], wanted: dict[str, str], check: Check) -> None:
    """Ask for the deletion of what is seen now; the row is checked between the look and the deletion."""
    seen = [(kind, each) for kind, each in await select(cluster, kinds, wanted) if not terminating(each)]
    if seen:
        await check()
        await gather(*(cluster.delete(kind, each) for kind, each in seen))


def _line(kind: str, name: str, removed: bool) -> ReceiptLine:
    if removed:
        return ReceiptLine(kind=kind, name=name, action="deleted", why="deleted and seen to be gone")
    return ReceiptLine(kind=kind, name=name, action="absent", why="it was not there")


def _taken(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _annotation(secret: Object) -> str:
    return str((secret["metadata"].get("annotations") or {}).get(FOUND, ""))


def _noted(secret: Object) -> set[Name]:
    pairs = (entry.partition("/") for entry in _annotation(secret).split(",") if entry)
    return {(kind, name) for kind, _, name in pairs}
