"""What every pod that Reprise makes may do: as little as it needs, so that it passes the `restricted` standard."""

from cluster.kinds import Object

CONTAINER: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""Of every container. Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/"""


def pod(user: int, group: int) -> Object:
    """Of every pod: numeric ids, since an image that names its user by word cannot be shown not to be root."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
