"""What an answer of the API means: later, gone, outdated, expired or refused."""

import orjson
import pytest

from cluster.answers import Expired, Gone, Outdated, failure
from schemas.codes import ErrorCode
from schemas.errors import ClusterDown, ClusterRefused


def status(message: str) -> bytes:
    return orjson.dumps({"kind": "Status", "message": message})


@pytest.mark.parametrize("code", [401, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_down(code: int) -> None:
    found = failure(code, {"Retry-After": "7"}, status("busy"))
    assert isinstance(found, ClusterDown)
    assert found.retry_after == 7
    assert "busy" in str(found)


@pytest.mark.parametrize("header", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "99999"])
def test_a_strange_retry_after_is_kept_within_reason(header: str) -> None:
    found = failure(503, {"Retry-After": header}, b"")
    assert isinstance(found, ClusterDown)
    assert 1 <= found.retry_after <= 300


@pytest.mark.parametrize(("code", "kind"), [(404, Gone), (409, Outdated), (410, Expired)])
def test_special_answers_have_an_exception_of_their_own(code: int, kind: type[Exception]) -> None:
    assert isinstance(failure(code, {}, status("so")), kind)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('pods "x" is forbidden: exceeded quota: q, requested: cpu=2', ErrorCode.QUOTA_EXCEEDED),
        ('pods "x" is forbidden: failed quota: q: must specify limits.cpu', ErrorCode.QUOTA_EXCEEDED),
        (
            'deployments.apps is forbidden: User "x" cannot create resource "deployments" in API group "apps"',
            ErrorCode.FORBIDDEN,
        ),
        (
            'pods "x" is forbidden: maximum cpu usage per Container is 2, but limit is 4',
            ErrorCode.LIMIT_RANGE,
        ),
        (
            'pods "x" is forbidden: memory max limit to request ratio per Pod is 2, but provided ratio is 4',
            ErrorCode.LIMIT_RANGE,
        ),
        (
            'secrets "x" is forbidden: unable to create new content in namespace n because it is being terminated',
            ErrorCode.NAMESPACE_TERMINATING,
        ),
        ('admission webhook "policy" denied the request: no', ErrorCode.CLUSTER_REFUSED),
    ],
)
def test_a_refusal_keeps_the_apis_words(message: str, code: ErrorCode) -> None:
    found = failure(403, {}, status(message))
    assert isinstance(found, ClusterRefused)
    assert (found.code, found.message) == (code, f"The cluster refuses it: {message}.")


def test_words_are_cleaned_before_they_reach_anybody() -> None:
    found = failure(422, {}, status("bad\x00 value\n" + "x" * 5000))
    assert isinstance(found, ClusterRefused)
    assert found.message.startswith("The cluster refuses it: bad value x")
    assert len(found.message) <= 2100


def test_an_answer_that_is_no_status_is_told_as_it_is() -> None:
    assert "Bad Gateway" in str(failure(502, {}, b"<html>Bad Gateway</html>"))
    assert "HTTP 500" in str(failure(500, {}, b""))
