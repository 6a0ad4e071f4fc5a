"""The errors that a route may answer, as its documentation lists them."""

from typing import Any

from schemas.views import Problem

_TEXTS = {
    400: "The instance's state does not allow it, or the body is no JSON",
    401: "No token, or none that is valid",
    403: "The role may not do this",
    404: "There is no such thing, or it is not the caller's",
    405: "The path knows other methods",
    409: "It collides with what exists: the name is taken, or the database cannot be had",
    413: "The body is over 64 KiB, or for /api/events over 1 MiB",
    415: "The body is not application/json",
    422: "The input cannot be accepted; `field` names what is wrong in it",
    500: "Something is wrong in Reprise; `request_id` finds it in the log",
    503: "A dependency does not answer; Retry-After says when to try again",
}
ALWAYS = (401, 403, 422, 500, 503)
BODY = (400, 413, 415)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers these errors besides those that every route may."""
    return {status: {"model": Problem, "description": _TEXTS[status]} for status in sorted({*ALWAYS, *statuses})}
