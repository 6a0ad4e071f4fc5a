"""The Ingress of an instance, where its profile exposes it: one host, pages and /websocket, a certificate."""

import json

from cluster.hosts import Exposure
from cluster.kinds import Object
from cluster.names import ODOO, attempt_labels, attempt_name, certificate_name, labels
from statemachine.instance import Instance

_ISSUER = "cert-manager.io/cluster-issuer"
_SECRET_TEMPLATE = "cert-manager.io/secret-template"  # noqa: S105 - the name of an annotation
"""Source: https://cert-manager.io/docs/usage/ingress/#supported-annotations"""


def host_of(instance: Instance, exposure: Exposure) -> str:
    """Where the instance is reached. Raises ValueError where its names cannot stand in a host name."""
    return exposure.host(instance.id, instance.customer_id, instance.name)


def ingress(installation: str, instance: Instance, exposure: Exposure) -> Object:
    """The Ingress. Without workers both ports of the Service lead to the same process."""
    host = host_of(instance, exposure)
    spec: Object = {"rules": [{"host": host, "http": {"paths": _paths(attempt_name(instance))}}]}
    if exposure.class_name:
        spec["ingressClassName"] = exposure.class_name
    annotations = dict(exposure.annotations)
    if exposure.issuer:
        spec["tls"] = [{"hosts": [host], "secretName": certificate_name(instance)}]
        annotations |= {_ISSUER: exposure.issuer, _SECRET_TEMPLATE: _certificate_labels(installation, instance)}
    meta = {"name": attempt_name(instance), "labels": attempt_labels(installation, instance)}
    return {"metadata": {**meta, "annotations": annotations}, "spec": spec}


def _paths(service: str) -> list[Object]:
    return [
        {"path": path, "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"name": port}}}}
        for path, port in (("/websocket", "websocket"), ("/", "http"))
    ]


def _certificate_labels(installation: str, instance: Instance) -> str:
    """The certificate's Secret outlives attempts, so that a retry need not ask for another; deletion removes it."""
    return json.dumps({"labels": labels(installation, instance.id, ODOO)})
