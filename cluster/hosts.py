"""Under which host name an instance is reached, where its profile exposes it through an Ingress."""

import re
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from schemas.requests import Closed
from schemas.text import DnsName

_PLACE = re.compile(r"\{([a-z]*)\}")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LONGEST = 253


def _telling_apart(pattern: str) -> str:
    """Refuses a pattern that could give two instances the same host."""
    unknown = set(_PLACE.findall(pattern)) - {"id", "name", "customer"}
    if unknown:
        raise ValueError(f"{{{min(unknown)}}} is not known; use {{name}}, {{customer}} and {{id}}")
    labels = [frozenset(_PLACE.findall(label)) for label in pattern.split(".")]
    if frozenset({"id"}) not in labels and not {frozenset({"name"}), frozenset({"customer"})} <= set(labels):
        raise ValueError("must have {name} and {customer} with a dot between, or {id}: else two instances share a host")
    if not is_host(_PLACE.sub("x", pattern)):
        raise ValueError("is no host name; write it like {name}.{customer}.example.com")
    return pattern


HostPattern = Annotated[str, Field(max_length=LONGEST), AfterValidator(_telling_apart)]
"""A host name with places: `{name}` and `{customer}` of the instance, or the first twelve digits of its `{id}`."""


class Exposure(Closed):
    """How instances are reached from outside; without one they have a Service and no more.

    `issuer` is the cert-manager ClusterIssuer that certificates come from; None: no TLS by this Ingress.
    `annotations` are the ingress controller's own, such as how large an upload may be.
    """

    hosts: HostPattern
    class_name: DnsName | None = Field(default=None, description="None: the cluster's default class")
    issuer: DnsName | None = None
    annotations: dict[str, str] = Field(default_factory=dict)

    def host(self, instance_id: UUID, customer_id: str, name: str) -> str:
        """The host of one instance. Raises ValueError where its names cannot stand in a host name."""
        found = self.hosts.format(id=instance_id.hex[:12], customer=customer_id, name=name)
        if not is_host(found):
            raise ValueError(f"{found!r} is no host name: lower case letters, digits and '-', at most {LONGEST} in all")
        return found


def is_host(text: str) -> bool:
    """Whether it is a host name as an Ingress takes it (RFC 1123)."""
    return len(text) <= LONGEST and all(_LABEL.fullmatch(label) for label in text.split("."))
