"""What an answer of the Kubernetes API means for Reprise: try again later, gone, or refused, in the API's own words."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from cluster.sentences import refused
from schemas.codes import ErrorCode
from schemas.errors import ClusterDown, ClusterRefused, RepriseError
from schemas.text import cleaned

_LATER = frozenset({401, 408, 429})
"""401: the token has expired or the cluster was set up anew. It says nothing about the instance that met it."""
_REFUSALS = {
    ErrorCode.QUOTA_EXCEEDED: re.compile("(exceeded|failed) quota: "),
    ErrorCode.LIMIT_RANGE: re.compile(r"(maximum|minimum) \S+ usage per \w+ is|max limit to request ratio per"),
    ErrorCode.NAMESPACE_TERMINATING: re.compile("because it is being terminated"),
    ErrorCode.FORBIDDEN: re.compile(r'User "[^"]*" cannot \w+ resource'),
}
"""Source of the words: kubernetes plugin/pkg/admission/{resourcequota,limitranger,namespace/lifecycle} and, for the
last, staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
"""


class Gone(Exception):
    """404: there is no such object."""


class Outdated(Exception):
    """409: the object is another one, or another version, than the precondition said."""


class Expired(Exception):
    """410: the resourceVersion is too old to watch or page from; list again."""


def failure(status: int, headers: Mapping[str, str], body: bytes) -> RepriseError | Gone | Outdated | Expired:
    """The exception that an answer other than 2xx stands for."""
    message = said(body) or f"HTTP {status}"
    if status in _LATER or status >= 500:
        return ClusterDown(message, retry_after=_retry_after(headers))
    if status == 404:
        return Gone(message)
    if status == 409:
        return Outdated(message)
    return Expired(message) if status == 410 else ClusterRefused(refusal_code(message), refused(message))


def said(body: bytes) -> str:
    """The message of a Status object, or the body as text where it is none."""
    try:
        status: Any = orjson.loads(body)
    except ValueError:
        return cleaned(body.decode(errors="replace"), 300)
    message = status.get("message") if isinstance(status, dict) else None
    return cleaned(str(message)) if message else ""


def refusal_code(message: str) -> ErrorCode:
    """Which cause a refusal is."""
    found = (code for code, words in _REFUSALS.items() if words.search(message))
    return next(found, ErrorCode.CLUSTER_REFUSED)


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    return min(float(text), 300.0) if text.isdecimal() else 1.0
