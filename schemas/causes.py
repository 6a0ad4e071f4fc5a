"""What a person does about each cause of failure: said once, for API, command line, pages and docs/failures.md."""

from schemas.codes import ErrorCode

REMEDIES: dict[ErrorCode, str] = {
    ErrorCode.INSUFFICIENT_RESOURCES: (
        "Retry with less cpu or memory, with patience to wait for room, or give the cluster another node."
    ),
    ErrorCode.NO_MATCHING_NODE: (
        "Correct node_selector, node_affinity or tolerations in the profile, or label, untaint or uncordon a node; "
        "then retry."
    ),
    ErrorCode.VOLUME_UNAVAILABLE: (
        "Correct storage_class in the profile, or have the cluster's storage mended; then retry."
    ),
    ErrorCode.QUOTA_EXCEEDED: (
        "Retry with less, delete what is not needed any more, or have the namespace's ResourceQuota raised."
    ),
    ErrorCode.LIMIT_RANGE: "Retry with a size that the namespace's LimitRange allows, or have the LimitRange changed.",
    ErrorCode.IMAGE_PULL: (
        "Correct the image, or image_pull_secret in the profile, and retry; retry as it is where the registry was away."
    ),
    ErrorCode.CONTAINER_CONFIG: (
        "Correct what the profile says of the container (image, user_id), or make the Secret that is missing; "
        "then retry."
    ),
    ErrorCode.INIT_FAILED: (
        "Mend what the last line names (modules, version or image of the profile, the database), then retry: "
        "it begins with an empty database."
    ),
    ErrorCode.CRASH_LOOP: "Mend what the last line names (odoo_conf or image of the profile, database), then retry.",
    ErrorCode.OUT_OF_MEMORY: "Retry with more memory, or with fewer workers in the profile.",
    ErrorCode.NOT_READY: "Read the log of Odoo: it runs, but does not answer. Mend what it says, then retry.",
    ErrorCode.CLUSTER_REFUSED: "Ask whoever made the rule that the message names, or change the request; then retry.",
    ErrorCode.FORBIDDEN: "Give Reprise's service account the permission that the message names (install/), then retry.",
    ErrorCode.NAMESPACE_TERMINATING: (
        "Somebody deletes the namespace and all that is in it: stop them, or retry when it has been made anew."
    ),
    ErrorCode.DATABASE_UNAVAILABLE: (
        "See `reprise cluster databases`: add a server, or mend the one that is named; then retry."
    ),
    ErrorCode.DATA_MISSING: "Restore the volume under the name in the message from a backup, then start the instance.",
    ErrorCode.TIMEOUT: "Look at the pod and its log, raise the deadline if it was merely slow, then retry.",
    ErrorCode.CANCELLED: "Nothing; retry whenever you like.",
}
