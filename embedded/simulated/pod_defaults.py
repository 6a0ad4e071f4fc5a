"""The defaults of a pod's spec, alone or in a template."""

from typing import Any

from embedded.simulated import quantities, status

_POD = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def fill_pod_spec(spec: dict[str, Any]) -> None:
    """Set the defaults in place. Raises StatusError (400) for a quantity that is none."""
    spec.setdefault("securityContext", {})
    for key, value in _POD.items():
        spec.setdefault(key, value)
    for container in containers(spec):
        _fill_container(container)
    for volume in spec.get("volumes") or []:
        _fill_volume(volume)


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Init containers first, then the others; what is not an object is left to validation."""
    found = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return [container for container in found if isinstance(container, dict)]


def _fill_container(container: dict[str, Any]) -> None:
    for key, value in _CONTAINER.items():
        container.setdefault(key, value)
    container.setdefault("imagePullPolicy", _pull_policy(str(container.get("image") or "")))
    resources = container.setdefault("resources", {})
    for amounts in (resources.get("limits"), resources.get("requests")):
        for key, value in (amounts or {}).items():
            amounts[key] = _quantity(value)
    limits = resources.get("limits") or {}
    if limits:
        # A limit without a request is also the request.
        resources["requests"] = {**limits, **(resources.get("requests") or {})}
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe):
            _fill_probe(container[probe])


def _fill_probe(probe: dict[str, Any]) -> None:
    for key, value in _PROBE.items():
        probe.setdefault(key, value)
    if probe.get("httpGet"):
        probe["httpGet"].setdefault("scheme", "HTTP")
        probe["httpGet"].setdefault("path", "/")


def _fill_volume(volume: dict[str, Any]) -> None:
    for source in ("secret", "configMap", "projected"):
        if isinstance(volume.get(source), dict):
            volume[source].setdefault("defaultMode", 420)


def _pull_policy(image: str) -> str:
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"


def _quantity(value: Any) -> str:
    try:
        return quantities.canonical(value)
    except ValueError as error:
        raise status.bad_request(f'Pod in version "v1" cannot be handled as a Pod: {error}') from error
