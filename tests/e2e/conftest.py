"""Settings of a whole Reprise with a simulated cluster."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from embedded.state import fernet_key
from schemas.settings import Settings
from tests.support.ports import free_port


@pytest.fixture
def whole(database: str, simulated_cluster: Path) -> Settings:
    """Everything but where NATS is. What is sent is never sent again by a deadline: a loss would show."""
    return Settings(
        database_url=database,
        cluster="simulated",
        kubeconfig=simulated_cluster,
        port=free_port(),
        jwt_secret=SecretStr("s" * 32),
        event_key=SecretStr("e" * 32),
        database_keys=SecretStr(fernet_key()),
        leader_timeout=2,
        overdue_after=600,
        overdue_limit=900,
        log_level="warning",
    )
