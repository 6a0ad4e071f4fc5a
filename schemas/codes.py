"""The closed set of causes that an instance can fail for, in the words that API, console and alerts share."""

from enum import StrEnum


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
