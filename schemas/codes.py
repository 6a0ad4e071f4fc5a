"""The closed set of causes that an instance can fail for, in the words that API, console and alerts share."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


class ErrorCode(StrEnum):
    """Why an attempt failed; the sentence beside it holds the cluster's own words.

    Two causes have two codes where a person, or a retry policy, does something else about them (schemas/causes.py).
    """

    INSUFFICIENT_RESOURCES = "insufficient_resources"
    NO_MATCHING_NODE = "no_matching_node"
    VOLUME_UNAVAILABLE = "volume_unavailable"
    QUOTA_EXCEEDED = "quota_exceeded"
    LIMIT_RANGE = "limit_range"
    IMAGE_PULL = "image_pull"
    CONTAINER_CONFIG = "container_config"
    INIT_FAILED = "init_failed"
    CRASH_LOOP = "crash_loop"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_READY = "not_ready"
    CLUSTER_REFUSED = "cluster_refused"
    FORBIDDEN = "forbidden"
    NAMESPACE_TERMINATING = "namespace_terminating"
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATA_MISSING = "data_missing"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


RETRYABLE = tuple(code for code in ErrorCode if code not in (ErrorCode.CANCELLED, ErrorCode.DATA_MISSING))
"""What a retry policy may name: what a person has cancelled, or has lost its data, is a person's to decide."""


def _listed(text: object) -> object:
    if not isinstance(text, str):
        return text
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in RETRYABLE:
            known = ", ".join(code.value for code in RETRYABLE)
            raise ValueError(f"{name!r} is no cause that can be retried; name some of {known}, separated by commas")
    return tuple(map(ErrorCode, names))


Causes = Annotated[tuple[ErrorCode, ...], NoDecode, BeforeValidator(_listed)]
"""Causes of failure as a setting names them, separated by commas."""
