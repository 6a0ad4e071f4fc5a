"""The objects of an instance as the API takes them: the volume's claim, the Service and the Deployment."""

from cluster import secret as keys
from cluster import security
from cluster.configuration import CONF_DIR, DATA_DIR, HTTP_PORT, INITIALISE, WEBSOCKET_PORT
from cluster.kinds import INGRESS, SECRET, SERVICE, Object
from cluster.names import ATTEMPT, INSTALLATION, INSTANCE, NEEDS, ROLE, STEP, attempt_labels, attempt_name
from cluster.profiles import Placement, Profile
from statemachine.instance import Instance

CONFIGURATION = "reprise.dev/configuration"
"""An annotation of the pod template: the fingerprint of odoo.conf."""
_SELECTED_BY = (INSTALLATION, INSTANCE, ROLE, ATTEMPT)


def claim(installation: str, instance: Instance, profile: Profile) -> Object:
    """The PersistentVolumeClaim of the filestore."""
    spec: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": instance.request.volume}},
    }
    if profile.storage_class:
        spec["storageClassName"] = profile.storage_class
    return {"metadata": _meta(installation, instance), "spec": spec}


def service(installation: str, instance: Instance, profile: Profile) -> Object:
    """The Service: pages on 8069, /websocket on 8072, which without workers the one process serves with the rest."""
    websocket = "websocket" if profile.workers else "http"
    ports = [
        {"name": "http", "port": HTTP_PORT, "targetPort": "http"},
        {"name": "websocket", "port": WEBSOCKET_PORT, "targetPort": websocket},
    ]
    return {
        "metadata": _meta(installation, instance),
        "spec": {"selector": _selected(installation, instance), "ports": ports},
    }


def deployment(installation: str, instance: Instance, profile: Profile, configuration: str) -> Object:
    """The Deployment. The step is annotated on itself: on the pod template it would restart the pod.

    `configuration` is the fingerprint of the Secret's odoo.conf.
    """
    meta = _meta(installation, instance)
    template_meta = {"labels": meta["labels"], "annotations": {CONFIGURATION: configuration}}
    return {
        "metadata": {**meta, "annotations": {STEP: str(instance.step), NEEDS: _needs(profile)}},
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 1,
            "strategy": {"type": "Recreate"},  # the volume goes to one pod at a time
            "selector": {"matchLabels": _selected(installation, instance)},
            "template": {"metadata": template_meta, "spec": _pod(instance, profile)},
        },
    }


def placement(placed: Placement) -> Object:
    """Where a pod may run and with what it pulls its image; nothing where the profile says nothing."""
    spec: Object = {}
    if placed.image_pull_secret:
        spec["imagePullSecrets"] = [{"name": placed.image_pull_secret}]
    if placed.node_selector:
        spec["nodeSelector"] = placed.node_selector
    if placed.node_affinity:
        term = {"matchExpressions": [each.model_dump() for each in placed.node_affinity]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        spec["affinity"] = {"nodeAffinity": required}
    if placed.tolerations:
        spec["tolerations"] = [each.model_dump(exclude_none=True) for each in placed.tolerations]
    return spec


def resources(cpu: str, memory: str) -> Object:
    """What the scheduler sets aside; memory is also the limit, since no node can take it back."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def from_secret(variable: str, name: str, key: str) -> Object:
    """An environment variable whose value stands in a Secret."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _pod(instance: Instance, profile: Profile) -> Object:
    name = attempt_name(instance)
    conf = {"secretName": name, "defaultMode": 0o440, "items": [{"key": keys.CONF, "path": keys.CONF}]}
    return {
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": security.pod(profile.user_id, profile.group_id),
        "initContainers": [_initialise(instance, profile)],
        "containers": [_odoo(instance, profile)],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": name}},
            {"name": "conf", "secret": conf},
        ],
        **placement(profile),
    }


def _odoo(instance: Instance, profile: Profile) -> Object:
    health = {"httpGet": {"path": "/web/health", "port": "http"}, "timeoutSeconds": 5}
    return {
        "name": "odoo",
        **_common(instance, profile),
        "command": ["odoo", f"--config={CONF_DIR}/{keys.CONF}"],
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT},
            {"name": "websocket", "containerPort": WEBSOCKET_PORT},
        ],
        # /web/health passes without a database: that it is initialised is what the init container stands for
        "startupProbe": {**health, "periodSeconds": 5, "failureThreshold": 120},
        "livenessProbe": {**health, "periodSeconds": 30, "failureThreshold": 5},
        "readinessProbe": {**health, "periodSeconds": 5, "failureThreshold": 3},
    }


def _initialise(instance: Instance, profile: Profile) -> Object:
    name = attempt_name(instance)
    return {
        "name": "initialise",
        **_common(instance, profile),
        "command": ["sh", "-c", INITIALISE],
        "env": [
            {"name": "ODOO_RC", "value": f"{CONF_DIR}/{keys.CONF}"},
            {"name": "REPRISE_MODULES", "value": ",".join(dict.fromkeys(("base", *profile.modules)))},
            {"name": "REPRISE_VERSION", "value": profile.version or ""},
            from_secret("REPRISE_INITIALISE", name, keys.INITIALISE),
            from_secret("REPRISE_ADMIN_PASSWORD", name, keys.ADMIN),
            {"name": "PGCONNECT_TIMEOUT", "value": "10"},
            from_secret("PGHOST", name, keys.HOST),
            from_secret("PGPORT", name, keys.PORT),
            from_secret("PGDATABASE", name, keys.DATABASE),
            from_secret("PGUSER", name, keys.USERNAME),
            from_secret("PGPASSWORD", name, keys.PASSWORD),
        ],
    }


def _common(instance: Instance, profile: Profile) -> Object:
    return {
        "image": profile.image_for(instance.request),
        "terminationMessagePolicy": "FallbackToLogsOnError",  # the end of the log is the cause that people see
        "resources": resources(instance.request.cpu, instance.request.memory),
        "securityContext": security.CONTAINER,
        "volumeMounts": [
            {"name": "data", "mountPath": DATA_DIR},
            {"name": "conf", "mountPath": CONF_DIR, "readOnly": True},
        ],
    }


def _needs(profile: Profile) -> str:
    kinds = (SECRET, SERVICE, *((INGRESS,) if profile.ingress else ()))
    return ",".join(kind.name for kind in kinds)


def _meta(installation: str, instance: Instance) -> Object:
    return {"name": attempt_name(instance), "labels": attempt_labels(installation, instance)}


def _selected(installation: str, instance: Instance) -> dict[str, str]:
    every = attempt_labels(installation, instance)
    return {key: every[key] for key in _SELECTED_BY}
