"""The store: revisions, what is told to watchers, what a restart finds."""

from pathlib import Path

import pytest

from embedded.simulated.disk import Disk
from embedded.simulated.kinds import CONFIG_MAPS
from embedded.simulated.registry import Place, Registry
from embedded.simulated.status import StatusError
from embedded.simulated.store import Store
from tests.unit.simulated.conftest import WRITER

A = Place(CONFIG_MAPS, "n", "a")


def _write(registry: Registry, value: str) -> None:
    registry.apply(A, {"data": {"key": value}}, WRITER, force=True)


def test_each_write_has_a_revision_of_its_own(registry: Registry) -> None:
    before = registry.store.revision
    for value in "123":
        _write(registry, value)
    assert [change.revision for change in registry.store.since(before)] == [before + 1, before + 2, before + 3]


def test_a_history_too_long_ago_is_expired(registry: Registry) -> None:
    before = registry.store.revision
    for value in range(50):
        _write(registry, str(value))
    with pytest.raises(StatusError) as caught:
        registry.store.since(before)
    assert (caught.value.code, caught.value.reason) == (410, "Expired")
    assert registry.store.since(registry.store.revision) == []


def test_compaction_forgets_all_changes(registry: Registry) -> None:
    before = registry.store.revision
    _write(registry, "1")
    registry.store.compact()
    with pytest.raises(StatusError, match="too old resource version"):
        registry.store.since(before)


def test_a_restart_finds_every_object_and_goes_on_counting(registry: Registry, tmp_path: Path) -> None:
    _write(registry, "1")
    # A second connection sees what the first one, which is never closed, has acknowledged: as after a kill.
    reopened = Store(Disk(tmp_path / "cluster.sqlite"))
    assert reopened.get(CONFIG_MAPS, "n", "a") == registry.get(A)
    assert reopened.revision == registry.store.revision
    assert reopened.since(reopened.revision) == []
    with pytest.raises(StatusError):
        reopened.since(reopened.revision - 1)
