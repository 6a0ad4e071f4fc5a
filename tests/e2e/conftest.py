"""Settings of a whole Reprise with a simulated cluster."""

from pathlib import Path

import pytest

from schemas.settings import Settings
from tests.support.installation import whole_of


@pytest.fixture
def whole(database: str, simulated_cluster: Path) -> Settings:
    """Everything but where NATS is."""
    return whole_of(database, simulated_cluster)
