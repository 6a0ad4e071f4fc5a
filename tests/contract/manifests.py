"""The objects the tests put into the cluster: what Reprise makes, as small as it can be."""

from typing import Any

Object = dict[str, Any]
# Small, runs for ever, and every real cluster has it already.
IMAGE = "registry.k8s.io/pause:3.10"
# Small enough that what other tests left behind for a moment is never in the way.
SMALL = {"cpu": "10m", "memory": "16Mi"}


def pod_spec(image: str = IMAGE, **more: Any) -> Object:
    container = {"name": "odoo", "image": image, "resources": {"requests": dict(more.pop("requests", SMALL))}}
    return {"terminationGracePeriodSeconds": 1, "containers": [container], **more}


def deployment(name: str, spec: Object | None = None, replicas: int = 1) -> Object:
    """Of strategy Recreate, as a single volume demands."""
    labels = {"app": name}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec or pod_spec()},
        },
    }


def stateful_set(name: str, claim: str = "data") -> Object:
    labels = {"app": name}
    spec = pod_spec()
    spec["containers"][0]["volumeMounts"] = [{"name": claim, "mountPath": "/data"}]
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            "volumeClaimTemplates": [{"metadata": {"name": claim}, "spec": claim_spec()}],
        },
    }


def claim(name: str, **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {**claim_spec(), **spec}}


def claim_spec() -> Object:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def mounting(spec: Object, claim_name: str) -> Object:
    """The pod spec with a claim mounted."""
    spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return spec


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> Object:
    metadata: Object = {"name": name, **({"labels": labels} if labels else {})}
    return {"metadata": metadata, **({"data": data} if data else {})}
