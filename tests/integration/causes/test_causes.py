"""Each cause is told in one sentence of the cluster's words, with the error_code that says what to do about it."""

import asyncio
import re
from pathlib import Path

import pytest

from embedded.postgres import Postgres
from statemachine.states import State
from tests.integration.causes.attempts import Outcomes, outcomes, possible
from tests.integration.causes.ways import WAYS
from tests.support.failures import rows
from tests.support.postgres import copied

pytestmark = pytest.mark.own_cluster  # images and storage classes behave as they are called
REPR = re.compile(r"\{'|\['|<\w|\\n|Error\(|[0-9a-f]{8}-[0-9a-f]{4}-")
"""What a sentence for people has not: Python's or Go's own notation, an identifier that nobody gave."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cause" in metafunc.fixturenames:
        real = metafunc.config.getoption("--cluster") == "kubernetes"
        metafunc.parametrize("cause", possible(real=real))


@pytest.fixture(scope="module")
def found(
    request: pytest.FixtureRequest,
    kubeconfig: Path,
    postgres_server: Postgres,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcomes:
    """What was told of every cause; all of them are brought about once, and at once."""
    real = request.config.getoption("--cluster") == "kubernetes"

    async def all_of_them() -> Outcomes:
        async with copied(postgres_server, migrated_template) as database:
            return await outcomes(kubeconfig, database, tmp_path_factory.mktemp("causes"), real=real)

    return asyncio.run(all_of_them())


def test_a_cause_is_told_as_the_page_says(found: Outcomes, cause: str) -> None:
    outcome, told = found[cause], rows()[cause]
    if isinstance(outcome, BaseException):
        raise outcome
    row = outcome.row
    assert row.error_message is not None
    assert told.said_by(row.error_message), row.error_message
    assert (row.error_code, row.state) == (told.code, State.ERROR)
    assert row.error_message.endswith(".")
    assert not REPR.search(row.error_message)
    assert not [name for name in outcome.names if name in row.error_message]


def test_the_page_has_every_cause_that_is_tested() -> None:
    assert WAYS.keys() <= rows().keys()
