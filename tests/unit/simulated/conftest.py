"""A simulated cluster in this process: its parts, without HTTP, on a disk of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.simulated.disk import Disk
from embedded.simulated.kinds import NAMESPACES
from embedded.simulated.managed import Writer
from embedded.simulated.registry import Registry
from embedded.simulated.store import Store

WRITER = Writer("test")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An API without controllers, with the namespace `n`."""
    disk = Disk(tmp_path / "cluster.sqlite")
    found = Registry(Store(disk, history=10))
    found.create(NAMESPACES, "", {"metadata": {"name": "n"}}, WRITER)
    yield found
    disk.close()
