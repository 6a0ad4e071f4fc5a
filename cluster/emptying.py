"""Empties a database on a dedicated server by a Job beside it: Reprise itself need not reach the server."""

from dataclasses import dataclass
from uuid import UUID

from cluster import security
from cluster import server_manifests as manifests
from cluster.client import Cluster
from cluster.conditions import condition
from cluster.kinds import JOB, Object
from cluster.manifests import from_secret, resources
from cluster.names import DATABASE, labels, server_name
from cluster.profiles import DatabaseServer
from cluster.sight import terminating
from cluster.vanishing import until_gone
from schemas.errors import NotYet

LATEST = 120
"""Seconds after which a Job that has not done it is given up: it must never act long after it was asked for."""


@dataclass(frozen=True, slots=True)
class Emptying:
    """What psql is to do: as whom, where, connected to which database."""

    host: str
    username: str
    connected_to: str
    statements: tuple[str, ...]


def made_anew(host: str, database: str, username: str) -> Emptying:
    """By a superuser: the database is dropped and created."""
    drop = f"DROP DATABASE IF EXISTS {_quoted(database)} WITH (FORCE)"
    create = f"CREATE DATABASE {_quoted(database)} OWNER {_quoted(username)}"
    return Emptying(host, username, "postgres", (drop, create))


def dropped_by_its_owner(host: str, database: str, username: str) -> Emptying:
    """By an owner who may create no database: all that is its own in it."""
    return Emptying(host, username, database, ("DROP OWNED BY CURRENT_USER CASCADE",))


async def empty_database(cluster: Cluster, server: DatabaseServer, instance_id: UUID, emptying: Emptying) -> None:
    """Have it done. Raises NotYet until it is; a Job that failed is made again."""
    name = f"{server_name(instance_id)}-empty"
    job = await cluster.get(JOB, name)
    if job is None:
        await cluster.create(JOB, _job(cluster.installation, server, instance_id, name, emptying))
        raise NotYet(f"the database on {emptying.host} is being emptied")
    failed = condition(job, "Failed", "True")
    if not failed and not condition(job, "Complete", "True"):
        raise NotYet(f"the database on {emptying.host} is being emptied")
    if not terminating(job):
        await cluster.delete(JOB, job)
    await until_gone(cluster, (JOB,), labels(cluster.installation, instance_id, DATABASE))
    if failed:
        raise NotYet(f"the database on {emptying.host} could not be emptied: {failed.get('message', '')}", after=5)


def _job(installation: str, server: DatabaseServer, instance_id: UUID, name: str, emptying: Emptying) -> Object:
    marked = {**labels(installation, instance_id, DATABASE), "app.kubernetes.io/managed-by": "reprise"}
    return {
        "metadata": {"name": name, "labels": marked},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": LATEST,
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/managed-by": "reprise"}},
                "spec": {
                    **manifests.pod(server, [_psql(server, server_name(instance_id), emptying)]),
                    "restartPolicy": "Never",
                },
            },
        },
    }


def _psql(server: DatabaseServer, secret: str, emptying: Emptying) -> Object:
    commands = [part for statement in emptying.statements for part in ("--command", statement)]
    return {
        "name": "psql",
        "image": server.image,
        "command": ["psql", "--set=ON_ERROR_STOP=1", f"--dbname={emptying.connected_to}", *commands],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": resources("50m", "64Mi"),
        "securityContext": security.CONTAINER,
        "env": [
            {"name": "PGHOST", "value": emptying.host},
            {"name": "PGUSER", "value": emptying.username},
            from_secret("PGPASSWORD", secret, manifests.PASSWORD),
        ],
    }


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
