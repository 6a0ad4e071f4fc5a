"""The closed set of causes that an instance can fail for, in the words that API, console and alerts share."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


class ErrorCode(StrEnum):
    """Why an attempt failed; the sentence beside it holds the cluster's own words."""

    INSUFFICIENT_RESOURCES = "insufficient_resources"
    IMAGE_PULL = "image_pull"
    CRASH_LOOP = "crash_loop"
    QUOTA_EXCEEDED = "quota_exceeded"
    INIT_FAILED = "init_failed"
    DATABASE_UNAVAILABLE = "database_unavailable"
    CLUSTER_REFUSED = "cluster_refused"
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
