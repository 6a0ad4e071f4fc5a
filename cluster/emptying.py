"""Empties a database on a dedicated server by a Job beside it: Reprise itself need not reach the server."""

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


async def empty_database(
    cluster: Cluster, server: DatabaseServer, instance_id: UUID, database: str, username: str
) -> None:
    """Drop the database and create it anew. Raises NotYet until that is done; a Job that failed is made again."""
    name = f"{server_name(instance_id)}-empty"
    job = await cluster.get(JOB, name)
    if job is None:
        await cluster.create(JOB, _job(cluster.installation, server, instance_id, name, database, username))
        raise NotYet(f"database {database} is being emptied")
    failed = condition(job, "Failed", "True")
    if not failed and not condition(job, "Complete", "True"):
        raise NotYet(f"database {database} is being emptied")
    if not terminating(job):
        await cluster.delete(JOB, job)
    await until_gone(cluster, (JOB,), labels(cluster.installation, instance_id, DATABASE))
    if failed:
        raise NotYet(f"database {database} could not be emptied: {failed.get('message', '')}", after=5)


def _job(
    installation: str, server: DatabaseServer, instance_id: UUID, name: str, database: str, username: str
) -> Object:
    marked = {**labels(installation, instance_id, DATABASE), "app.kubernetes.io/managed-by": "reprise"}
    return {
        "metadata": {"name": name, "labels": marked},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": LATEST,
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/managed-by": "reprise"}},
                "spec": {
                    **manifests.pod(server, [_psql(server, instance_id, database, username)]),
                    "restartPolicy": "Never",
                },
            },
        },
    }


def _psql(server: DatabaseServer, instance_id: UUID, database: str, username: str) -> Object:
    host = server_name(instance_id)
    drop = f"DROP DATABASE IF EXISTS {_quoted(database)} WITH (FORCE)"
    create = f"CREATE DATABASE {_quoted(database)} OWNER {_quoted(username)}"
    return {
        "name": "psql",
        "image": server.image,
        "command": ["psql", "--set=ON_ERROR_STOP=1", "--dbname=postgres", "--command", drop, "--command", create],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": resources("50m", "64Mi"),
        "securityContext": security.CONTAINER,
        "env": [
            {"name": "PGHOST", "value": host},
            {"name": "PGUSER", "value": username},
            from_secret("PGPASSWORD", host, manifests.PASSWORD),
        ],
    }


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
