"""The objects of a dedicated database server as the API takes them."""

from uuid import UUID

from cluster import security
from cluster.kinds import Object
from cluster.manifests import from_secret, placement, resources
from cluster.names import CUSTOMER, DATABASE, labels, server_name
from cluster.profiles import DatabaseServer

PORT = 5432
PASSWORD = "password"  # noqa: S105 - the key of a password, not one
VOLUME = "data"
HOME = "/var/lib/postgresql"


def meta(installation: str, instance_id: UUID, customer_id: str, name: str) -> Object:
    """Name and labels of every object of the server; `name` is the instance's."""
    return {
        "name": server_name(instance_id),
        "labels": {
            **labels(installation, instance_id, DATABASE),
            "app.kubernetes.io/name": "postgresql",
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/managed-by": "reprise",
            CUSTOMER: customer_id,
        },
    }


def secret(meta: Object, password: str) -> Object:
    """The Secret: the password alone."""
    return {"metadata": meta, "type": "Opaque", "stringData": {PASSWORD: password}}


def service(meta: Object) -> Object:
    """The Service that Odoo connects to."""
    ports = [{"name": "postgresql", "port": PORT, "targetPort": "postgresql"}]
    return {"metadata": meta, "spec": {"selector": _selected(meta), "ports": ports}}


def stateful_set(meta: Object, server: DatabaseServer, database: str, username: str) -> Object:
    """The StatefulSet: one pod with a volume of its own, which stays until the instance is deleted."""
    claim: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": server.volume}},
    }
    if server.storage_class:
        claim["storageClassName"] = server.storage_class
    return {
        "metadata": meta,
        "spec": {
            "replicas": 1,
            "serviceName": meta["name"],
            "selector": {"matchLabels": _selected(meta)},
            "template": {
                "metadata": {"labels": meta["labels"]},
                "spec": pod(server, [_postgres(meta, server, database, username)]),
            },
            "volumeClaimTemplates": [{"metadata": {"name": VOLUME, "labels": meta["labels"]}, "spec": claim}],
        },
    }


def pod(server: DatabaseServer, containers: list[Object]) -> Object:
    """A pod made from the server's image."""
    return {
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": security.pod(server.user_id, server.user_id),
        "containers": containers,
        **placement(server),
    }


def _postgres(meta: Object, server: DatabaseServer, database: str, username: str) -> Object:
    # over TCP: while the image initialises the volume, its temporary server listens on the socket only
    ready = ["pg_isready", "--host=127.0.0.1", f"--username={username}", f"--dbname={database}"]
    return {
        "name": "postgresql",
        "image": server.image,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": resources(server.cpu, server.memory),
        "securityContext": security.CONTAINER,
        "env": [
            {"name": "POSTGRES_USER", "value": username},
            {"name": "POSTGRES_DB", "value": database},
            {"name": "PGDATA", "value": f"{HOME}/pgdata"},  # where the volume is mounted it may hold lost+found
            from_secret("POSTGRES_PASSWORD", meta["name"], PASSWORD),
        ],
        "ports": [{"name": "postgresql", "containerPort": PORT}],
        "readinessProbe": {"exec": {"command": ready}, "periodSeconds": 5, "timeoutSeconds": 5},
        "volumeMounts": [{"name": VOLUME, "mountPath": HOME}],
    }


def _selected(meta: Object) -> dict[str, str]:
    found: dict[str, str] = meta["labels"]
    return {key: value for key, value in found.items() if key.startswith("reprise.dev/") and key != CUSTOMER}
