"""Every way in which Reprise touches a cluster, walked once: what it needs rights for."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from tests.kubernetes.install.applying import Admin
from tests.kubernetes.install.strangers import foreign, orphans, strays
from tests.support.installation import Installation
from tests.support.waiting import until

NAMESPACE = "/namespaces/reprise"
Object = dict[str, Any]


class Loop:
    """Through the API as an admin, and past it where somebody changes the cluster by hand."""

    def __init__(self, reprise: Installation, admin: Admin) -> None:
        self._reprise = reprise
        self._admin = admin

    async def everything(self) -> None:
        """All of it; what does not touch the same instance, at once."""
        await asyncio.gather(
            self.fail_for_lack_of_room_then_run_then_go(),
            self.crash_and_be_emptied(),
            self.serve_a_host(),
            self.leave_more_than_a_deployment(),
            self.adopt(),
        )
        await self.look_for_room()
        await self.remove_orphans()

    async def fail_for_lack_of_room_then_run_then_go(self) -> None:
        """A database server of its own; retried, stopped, started, healed, deleted."""
        one = await self._reprise.create("large", cpu="64", db_type="dedicated", patience="10s")
        await self.reaches(one, "error")
        await self.post(f"/api/instances/{one}/retry?dry_run=true", {})
        await self.post(f"/api/instance/admin/retry-instance/{one}", {"cpu": "50m"})
        await self.reaches(one, "running")
        await self.post(f"/api/instances/{one}/reveal-admin-password", {"reason": "the customer is locked out"})
        await self.post(f"/api/instances/{one}/stop", {})
        await self.reaches(one, "stopped")
        await self.post(f"/api/instances/{one}/start", {})
        await self.reaches(one, "running")
        await self.lose("services", one)
        await self.orphan("statefulsets", f"reprise.dev/instance={one}")
        await self.delete(one)

    async def crash_and_be_emptied(self) -> None:
        """Its initialisation began: what is in its database is dropped, by a Job beside the server."""
        one = await self._reprise.create("broken", image="crash:1", db_type="dedicated")
        failed = await self.reaches(one, "error")
        audit = (await self.get(f"/api/instances/{one}/audit", limit="1000"))["items"]
        [receipt] = [row["data"]["objects"] for row in audit if row["type"] == "cleanup.completed"]
        assert "emptied" in {line["action"] for line in receipt}, (failed, receipt)
        await self.delete(one)

    async def serve_a_host(self) -> None:
        """With an Ingress."""
        one = await self._reprise.create("hosted", profile="hosted")
        await self.reaches(one, "running")
        await self.delete(one)

    async def leave_more_than_a_deployment(self) -> None:
        """A ReplicaSet and a pod that its Deployment does not own: clean-up finds them by their labels."""
        one = await self._reprise.create("strays", cpu="64", patience="24h")
        mine = f"reprise.dev/instance={one},reprise.dev/attempt"
        await until(lambda: self.listed("pods", mine), 60, pause=0.2)
        [pod] = await self.listed("pods", mine)
        keeper = await self._admin.ask("GET", f"/api/v1{NAMESPACE}/configmaps/kube-root-ca.crt")
        for each in strays(pod["metadata"]["labels"], keeper["metadata"]["uid"]):
            await self._admin.apply(each)
        await self.post(f"/api/instances/{one}/cancel", {})
        await self.reaches(one, "error")
        assert [await self.listed(plural, mine) for plural in ("pods", "replicasets")] == [[], []]

    async def adopt(self) -> None:
        """One that somebody else has made."""
        for each in foreign():
            await self._admin.apply(each)
        where = urlsplit(self._reprise.settings.database_url)  # any database with something in it: it is only looked at
        database = {
            "host": where.hostname,
            "port": where.port,
            "database": where.path.strip("/"),
            "username": where.username,
            "password": where.password,
        }
        body = {"customer_id": "acme", "name": "adopted", "objects": {"deployment": "odoo-shop"}, "database": database}
        one = (await self.post("/api/instances/adopt", body))["id"]
        await self.reaches(one, "running")

    async def look_for_room(self) -> None:
        """The hint."""
        assert (await self.get("/api/capacity", cpu="100m", memory="64Mi"))["fits"] is True

    async def remove_orphans(self) -> None:
        """One of each kind, of an instance that never was."""
        for each in orphans():
            await self._admin.apply(each)
        expected = len((await self.get("/api/cluster/orphans"))["items"])
        body = {"expected": expected, "with_data": True, "reason": "left by a test"}
        removed = await self.post("/api/cluster/orphans/remove", body)
        assert len(removed["items"]) == expected >= 8

    async def lose(self, plural: str, instance_id: str) -> None:
        """Somebody deletes an object by hand: it is put back."""
        mine = f"reprise.dev/instance={instance_id},reprise.dev/attempt"
        [found] = await self.listed(plural, mine)
        await self._admin.ask("DELETE", f"/api/v1{NAMESPACE}/{plural}/{found['metadata']['name']}")

        async def back() -> bool:
            there = await self.listed(plural, mine)
            return [each["metadata"]["uid"] for each in there] not in ([], [found["metadata"]["uid"]])

        await until(back, 60, what="what was deleted to be put back", pause=0.2)
        await self.reaches(instance_id, "running")

    async def delete(self, instance_id: str) -> None:
        """At once, with everything that it has."""
        answer = await self._reprise.http.delete(f"/api/instances/{instance_id}", params={"now": "true"})
        assert answer.status_code == 202, answer.text
        await self.reaches(instance_id, "deleted")

    async def orphan(self, plural: str, labels: str) -> None:
        """Delete these objects by hand, and leave what they own."""
        path = f"/apis/apps/v1{NAMESPACE}/{plural}"
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Orphan"}
        for each in await self.listed(plural, labels):
            await self._admin.ask("DELETE", f"{path}/{each['metadata']['name']}", options)
        await until(lambda: self.gone(plural, labels), 30, pause=0.1)

    async def gone(self, plural: str, labels: str) -> bool:
        """None is there any more."""
        return not await self.listed(plural, labels)

    async def listed(self, plural: str, labels: str) -> list[Object]:
        """As the cluster has them."""
        root = "/api/v1" if plural in ("pods", "services") else "/apis/apps/v1"
        return list((await self._admin.ask("GET", f"{root}{NAMESPACE}/{plural}", labelSelector=labels))["items"])

    async def reaches(self, instance_id: str, state: str) -> Object:
        """The instance, once it does."""
        seen: Object = {}

        async def reached() -> bool:
            seen.update(await self._reprise.instance(instance_id))
            return seen["state"] == state

        try:
            await until(reached, 180, what=f"the instance to be {state}", pause=0.2)
        except AssertionError as error:
            error.add_note(f"it is {seen}")
            raise
        return seen

    async def get(self, path: str, **query: str) -> Object:
        """As an admin."""
        answer = await self._reprise.http.get(path, params=query)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def post(self, path: str, body: Object) -> Object:
        """As an admin."""
        answer = await self._reprise.http.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())
