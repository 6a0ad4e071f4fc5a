"""The cluster behind the ports of the API: room, and the objects that belong to an instance."""

from collections.abc import Sequence
from datetime import datetime

from api.ports import Thing
from cluster.adopted import label, mark_adopted
from cluster.adoption import Survey, survey
from cluster.capacity import capacity
from cluster.client import Cluster
from cluster.ingress import host_of
from cluster.kinds import INGRESS, SECRET
from cluster.names import ATTEMPT, ODOO, attempt_name, labels, object_names
from cluster.orphans import Known, Orphan, orphans, remove_orphans
from cluster.profiles import Profiles
from cluster.removal import select
from cluster.remove import LISTED, kept
from cluster.resources import Resource, resources
from cluster.secret import ADMIN, read
from cluster.taken import Followed
from schemas.adoption import ExistingObjects
from schemas.views import Capacity
from statemachine.instance import Instance


class InCluster:
    """Implements Room, Objects and Existing with an open client of the cluster and the installation's profiles.

    Room is told fast where its pods are `followed`.
    """

    def __init__(self, cluster: Cluster, profiles: Profiles, followed: Followed | None = None) -> None:
        self._cluster = cluster
        self._profiles = profiles
        self._followed = followed

    async def capacity(self, instance: Instance) -> Capacity:
        """A hint. Raises ClusterDown, BadInput."""
        return await capacity(self._cluster, self._profiles, instance, self._followed)

    async def existing(self, instance: Instance) -> Sequence[Thing]:
        """The objects of any attempt that are there now; not what outlives attempts. Raises ClusterDown."""
        mine = labels(self._cluster.installation, instance.id, ODOO)
        found = await select(self._cluster, (*LISTED, INGRESS), mine)
        return [
            Thing(kind.name, each["metadata"]["name"]) for kind, each in found if ATTEMPT in each["metadata"]["labels"]
        ]

    async def servers(self, instance: Instance) -> Sequence[Thing]:
        """The objects of its dedicated database server, which one on a shared server has not. Raises ClusterDown."""
        if instance.request.db_type != "dedicated":
            return []
        return [Thing(line.kind, line.name) for line in await kept(self._cluster, instance)]

    async def resources(self, instance: Instance) -> Sequence[Resource]:
        """What is there now, and how it is. Raises ClusterDown."""
        return await resources(self._cluster, instance)

    async def admin_password(self, instance: Instance) -> str:
        """From the Secret of the present attempt, '' where that is gone or knows none. Raises ClusterDown."""
        secret = await self._cluster.get(SECRET, attempt_name(instance))
        return read(secret, ADMIN) if secret is not None else ""

    async def orphans(self, known: Known) -> Sequence[Orphan]:
        """What no instance wants. Raises ClusterDown, and what `known` raises."""
        return await orphans(self._cluster, known)

    async def remove_orphans(self, unwanted: Sequence[Orphan]) -> list[Orphan]:
        """Removes them; those that were there still. Raises ClusterDown."""
        return await remove_orphans(self._cluster, unwanted)

    def planned(self, instance: Instance) -> Sequence[Thing]:
        """What the attempt makes that `instance` is in."""
        name, exposure = attempt_name(instance), self._profiles.get(instance.request.profile).ingress
        things = [Thing(kind.name, name) for kind in LISTED]
        if exposure is not None:
            things.append(Thing(INGRESS.name, name, f"serves {host_of(instance, exposure)}"))
        return things

    def expected(self, instance: Instance) -> Sequence[Thing]:
        """What the present attempt is to have."""
        if instance.adopted is None:
            return self.planned(instance)
        return [Thing(kind.name, name) for kind, found in object_names(instance).items() for name in found]

    @property
    def installation(self) -> str:
        """This Reprise's name on the objects that are its own."""
        return self._cluster.installation

    async def survey(self, wanted: ExistingObjects, now: datetime) -> Survey:
        """What there is of an instance that Reprise did not make. Raises BadInput, ClusterDown."""
        return await survey(self._cluster, wanted, now)

    async def take(self, instance: Instance, found: Survey) -> None:
        """Label what was found, and its pods. Raises ClusterRefused where another instance was first, ClusterDown."""
        for kind, each in found.found:
            await label(self._cluster, instance, kind, each)
        await mark_adopted(self._cluster, instance)

    async def secret_value(self, name: str, key: str) -> str:
        """One value of a Secret, '' where it has none. Raises ClusterDown."""
        secret = await self._cluster.get(SECRET, name)
        return read(secret, key) if secret is not None else ""
