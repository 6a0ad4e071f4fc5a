"""The one client of the Kubernetes API: a few verbs over plain dicts, for real and simulated clusters alike."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import orjson

from cluster.answers import Expired, Gone, Outdated, failure
from cluster.connection import JSON, Connection
from cluster.kinds import NAMESPACE, Kind, Object
from cluster.outages import Outages
from schemas.errors import ClusterDown, ClusterRefused
from schemas.settings import Settings

MANAGER = {"fieldManager": "reprise"}
FORCED = {**MANAGER, "force": "true"}
APPLY = "application/apply-patch+yaml"  # every JSON document is a YAML document
MERGE = "application/merge-patch+json"
PAGE = 500
WATCH_FOR = 240
"""Seconds after which the server ends a watch."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list; watch from the `version` of the last one."""

    objects: list[Object]
    version: str


class Cluster:
    """One namespace of one cluster, for one installation of Reprise. Use as `async with Cluster(settings) as cluster`.

    Every method raises ClusterDown where the API does not answer or asks to come back later, and ClusterRefused
    where it says no.
    """

    def __init__(self, settings: Settings) -> None:
        self.namespace = settings.namespace
        self.installation = settings.installation
        self._connection = Connection(settings)

    async def __aenter__(self) -> Self:
        await self._connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    @property
    def outages(self) -> Outages:
        """Those that were met here."""
        return self._connection.outages

    async def get(self, kind: Kind, name: str) -> Object | None:
        """The object, None where there is none."""
        try:
            return await self._connection.ask("GET", kind.path(self.namespace, name))
        except Gone:
            return None

    async def select(self, kind: Kind, labels: str = "", *, everywhere: bool = False) -> list[Object]:
        """All objects with these labels (`key=value,…`); `everywhere`: in all namespaces."""
        while True:
            with suppress(Expired):  # it changed too much between two pages
                async with aclosing(self.pages(kind, labels, everywhere=everywhere)) as pages:
                    return [found async for page in pages for found in page.objects]

    async def pages(
        self, kind: Kind, labels: str = "", fields: str = "", *, everywhere: bool = False
    ) -> AsyncGenerator[Page, None]:
        """The same one page after the other, for whoever keeps little of each. Raises Expired: then begin again.

        `fields` selects by fields as `labels` does by labels.
        """
        path = kind.path(None if everywhere else self.namespace)
        query = {"limit": str(PAGE), **_selecting(labels, fields)}
        while True:
            answer = await self._connection.ask("GET", path, query)
            meta = answer["metadata"]
            yield Page(answer.get("items") or [], meta["resourceVersion"])
            if not meta.get("continue"):
                return
            query = {**query, "continue": meta["continue"]}

    async def apply(self, kind: Kind, manifest: Object) -> Object:
        """Server-side apply: make it so, creating it or changing what differs. Returns the object as it is then."""
        path = kind.path(self.namespace, manifest["metadata"]["name"])
        try:
            return await self._connection.ask("PATCH", path, FORCED, _typed(kind, manifest), APPLY)
        except Gone as error:
            raise await self._without_namespace(error) from error
        except Outdated as error:  # somebody else wrote at the same moment
            raise ClusterDown(str(error)) from error

    async def create(self, kind: Kind, manifest: Object) -> Object | None:
        """A new object, None where one of that name exists already."""
        try:
            return await self._connection.ask("POST", kind.path(self.namespace), MANAGER, _typed(kind, manifest), JSON)
        except Outdated:
            return None
        except Gone as error:
            raise await self._without_namespace(error) from error

    async def patch(self, kind: Kind, name: str, change: Object) -> Object | None:
        """Merge `change` into the object; with metadata.resourceVersion in it, into that version only.

        None where there is no such object, or not in that version any more.
        """
        try:
            return await self._connection.ask("PATCH", kind.path(self.namespace, name), MANAGER, change, MERGE)
        except (Gone, Outdated):
            return None

    async def delete(self, kind: Kind, seen: Object, *, unchanged: bool = False) -> bool:
        """Ask for the deletion of the very object that was seen, its dependants first (foreground).

        `unchanged`: only in the version that was seen. False where it is gone, another one or (then) another version.
        """
        meta = seen["metadata"]
        precondition = {"uid": meta["uid"]}
        if unchanged:
            precondition["resourceVersion"] = meta["resourceVersion"]
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        path = kind.path(self.namespace, meta["name"])
        try:
            await self._connection.ask("DELETE", path, None, {**options, "preconditions": precondition})
        except (Gone, Outdated):
            return False
        return True

    async def watch(
        self, kind: Kind, version: str, labels: str = "", fields: str = "", *, everywhere: bool = False
    ) -> AsyncGenerator[Object, None]:
        """Changes since `version`: {"type": ADDED|MODIFIED|DELETED|BOOKMARK, "object": …}, until the server ends it.

        Raises Expired where `version` is too old: then list again.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_FOR),
            **_selecting(labels, fields),
        }
        path = kind.path(None if everywhere else self.namespace)
        async with aclosing(self._connection.lines(path, query)) as changes:
            async for change in changes:
                if change["type"] == "ERROR":
                    raise failure(int(change["object"].get("code", 500)), {}, orjson.dumps(change["object"]))
                yield change

    async def version(self) -> str:
        """What the API server says it is: "v1.37.0"."""
        return str((await self._connection.ask("GET", "/version")).get("gitVersion", "unknown"))

    async def serves(self, kind: Kind) -> bool:
        """Whether the cluster knows this kind: those of operators are there where the operator is installed."""
        try:
            found = await self._connection.ask("GET", kind.group)
        except Gone:
            return False
        return any(each["name"] == kind.plural for each in found.get("resources") or ())

    async def _without_namespace(self, error: Gone) -> ClusterDown:
        """What can be written is missing its namespace: make that, if we may, and come back."""
        with suppress(ClusterRefused, Outdated):
            body = _typed(NAMESPACE, {"metadata": {"name": self.namespace}})
            await self._connection.ask("POST", NAMESPACE.path(None), MANAGER, body, JSON)
            return ClusterDown(f"{error}; it is being made", retry_after=0.2)
        return ClusterDown(f"{error}; it must be made by an administrator", retry_after=10)


def _typed(kind: Kind, manifest: Object) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.name, **manifest}


def _selecting(labels: str, fields: str) -> dict[str, str]:
    wanted = {"labelSelector": labels, "fieldSelector": fields}
    return {name: selector for name, selector in wanted.items() if selector}
