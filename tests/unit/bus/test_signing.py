"""A key is changed while everything runs: at no step is anything refused that a part of ours has said."""

from itertools import pairwise

import pytest

from bus.signing import HEADER, check, signature
from schemas.errors import ForbiddenEvent

FACT = {"ce-type": "deploy.ready", "ce-id": "1"}
STEPS = (b"old", b"old,new", b"new, old", b"new")


@pytest.mark.parametrize(("before", "after"), [*pairwise(STEPS), *pairwise(reversed(STEPS))])
def test_parts_at_two_neighbouring_steps_believe_each_other(before: bytes, after: bytes) -> None:
    check(after, {**FACT, HEADER: signature(before, FACT, b"{}")}, b"{}")


def test_a_key_that_was_dropped_proves_nothing() -> None:
    with pytest.raises(ForbiddenEvent):
        check(b"new", {**FACT, HEADER: signature(b"old,new", FACT, b"{}")}, b"{}")
