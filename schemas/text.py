"""Text from outside is cleaned here, at the edge, so that nothing further in has to doubt it."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

MAX_REASON = 500
MAX_MESSAGE = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _refuse_control_characters(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("contains control characters; send plain text")
    return text


def cleaned(text: str, limit: int = MAX_MESSAGE) -> str:
    """`text` from the cluster or a server, fit for PostgreSQL: no control characters, at most `limit` characters.

    Nothing is refused here, since a cluster's own words must always be recordable.
    """
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


Plain = AfterValidator(_refuse_control_characters)

Reason = Annotated[str, StringConstraints(max_length=MAX_REASON, strip_whitespace=True), Plain]
"""Free text from a person: why they do this."""

Message = Annotated[str, StringConstraints(max_length=MAX_MESSAGE)]
"""A sentence from a part, cleaned by `cleaned` where it comes from outside."""

DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A name as Kubernetes takes it (RFC 1123 label): lower case letters, digits and '-', at most 63 characters."""

DnsName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253)
]
"""The name of most objects of Kubernetes (RFC 1123 subdomain): DNS labels separated by dots."""

LabelValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")]
"""A value that Kubernetes takes in a label: letters, digits, '-', '_' and '.', at most 63 characters."""

PathPrefix = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$")]
"""What stands before every path, '' or like /reprise."""

ImageName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][A-Za-z0-9._:/-]*(@sha256:[a-f0-9]{64})?$", max_length=255)
]
"""A container image as a registry names it: odoo:18.0, registry.example.com/team/odoo:18."""
