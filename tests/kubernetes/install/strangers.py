"""Objects that Reprise has not made: an Odoo of somebody else, and what an instance left that nobody knows."""

from typing import Any
from uuid import uuid4

from tests.integration.cluster import foreign as by_hand

Object = dict[str, Any]


def foreign() -> list[Object]:
    """To be adopted: a Deployment with a claim, a Secret and a Service."""
    secret = {"metadata": {"name": "shop-db"}, "stringData": {"password": "elsewhere"}}
    objects = [
        ("v1", "PersistentVolumeClaim", by_hand.claim()),
        ("v1", "Secret", secret),
        ("v1", "Service", by_hand.service()),
        ("apps/v1", "Deployment", by_hand.deployment()),
    ]
    return [{"apiVersion": v, "kind": k, **each, "metadata": _placed(each["metadata"])} for v, k, each in objects]


def stopped(name: str) -> Object:
    """A Deployment alone, scaled to zero."""
    label = {"app": name}
    pod = {"metadata": {"labels": label}, "spec": {"containers": [{"name": "odoo", "image": "odoo:17.0"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": label}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _placed({"name": name}), "spec": spec}


def _placed(meta: Object) -> Object:
    return {**meta, "namespace": "reprise"}


def strays(labels: dict[str, str], keeper: str) -> list[Object]:
    """What bears an attempt's labels and belongs to no Deployment: the ReplicaSet to a ConfigMap, by its uid."""
    own = {name: value for name, value in labels.items() if name != "pod-template-hash"}
    meta = {"name": "stray", "namespace": "reprise", "labels": own}
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": keeper, "controller": True}
    spec = {"containers": [{"name": "one", "image": "one"}], "nodeSelector": {"there-is": "none"}}
    template = {"metadata": {"labels": {"app": "stray"}}, "spec": spec}
    replicas = {"replicas": 0, "selector": {"matchLabels": {"app": "stray"}}, "template": template}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec},
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {**meta, "ownerReferences": [owner]},
            "spec": replicas,
        },
    ]


def orphans() -> list[Object]:
    """One of each kind that is looked at, of an instance that never was."""
    meta = {
        "name": "orphan",
        "namespace": "reprise",
        "labels": {
            "app.kubernetes.io/managed-by": "reprise",
            "reprise.dev/installation": "reprise",
            "reprise.dev/instance": str(uuid4()),
        },
    }
    label = {"app": "orphan"}
    pod = {"metadata": {"labels": label}, "spec": {"containers": [{"name": "one", "image": "one"}]}}
    endless = {"metadata": {"labels": label}, "spec": {**pod["spec"], "restartPolicy": "Never"}}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    backend = {"service": {"name": "orphan", "port": {"number": 80}}}
    selector = {"matchLabels": label}
    specs: list[tuple[str, str, Object]] = [
        ("apps/v1", "Deployment", {"spec": {"replicas": 0, "selector": selector, "template": pod}}),
        ("apps/v1", "StatefulSet", {"spec": {"replicas": 0, "selector": selector, "template": pod}}),
        ("batch/v1", "Job", {"spec": {"suspend": True, "template": endless}}),
        ("networking.k8s.io/v1", "Ingress", {"spec": {"defaultBackend": backend}}),
        ("postgresql.cnpg.io/v1", "Cluster", {"spec": {"instances": 1, "storage": {"size": "1Gi"}}}),
        ("v1", "Service", {"spec": {"selector": label, "ports": [{"port": 80}]}}),
        ("v1", "Secret", {"stringData": {"word": "kept"}}),
        ("v1", "PersistentVolumeClaim", {"spec": claim}),
    ]
    return [{"apiVersion": version, "kind": kind, "metadata": meta, **rest} for version, kind, rest in specs]
