"""Settings of a whole Reprise with a simulated cluster."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.settings import Settings
from tests.support.installation import whole_of


@pytest.fixture
def whole(database: str, simulated_cluster: Path) -> Settings:
    """Everything but where NATS is."""
    return whole_of(database, simulated_cluster)


@pytest.fixture
def place() -> Iterator[Path]:
    """For PostgreSQL servers of a test. Not below pytest's own directory, as in tests/support/postgres.py."""
    with tempfile.TemporaryDirectory(prefix="reprise-test-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)
