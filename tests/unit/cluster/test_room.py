"""What a pod asks for, as the scheduler counts it."""

from decimal import Decimal
from typing import Any

import pytest

from cluster.room import Room, requested
from schemas.quantities import any_amount


def asking(cpu: str, memory: str = "0", **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


def cpu_of(**spec: Any) -> Decimal:
    return requested({"spec": {"containers": [asking("1")], **spec}}).cpu


def test_containers_together_and_one_pod() -> None:
    pod = {"spec": {"containers": [asking("500m", "1Gi"), asking("1", "512Mi"), {"name": "modest"}]}}
    assert requested(pod) == Room(Decimal("1.5"), Decimal(1536 * 2**20), Decimal(1))


def test_the_hungriest_moment_of_the_initialisation() -> None:
    assert cpu_of(initContainers=[asking("3"), asking("2")]) == 3
    assert cpu_of(initContainers=[asking("500m"), asking("500m")]) == 1


def test_sidecars_run_beside_what_comes_after_them() -> None:
    sidecar = asking("2", restartPolicy="Always")
    assert cpu_of(initContainers=[sidecar]) == 3
    assert cpu_of(initContainers=[sidecar, asking("3")]) == 5
    assert cpu_of(initContainers=[asking("3"), sidecar]) == 3


def test_the_overhead_of_its_runtime_comes_on_top() -> None:
    assert cpu_of(overhead={"cpu": "250m"}) == Decimal("1.25")


def test_what_the_pod_asks_for_as_a_whole_goes_first() -> None:
    assert cpu_of(resources={"requests": {"cpu": "4"}}, overhead={"cpu": "1"}) == 5
    assert cpu_of(resources={"requests": {"memory": "1Gi"}}) == 1


def test_limits_are_counted_likewise() -> None:
    pod = {"spec": {"containers": [{"resources": {"limits": {"memory": "1Gi"}}}]}}
    assert requested(pod, "limits").memory == 2**30


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (None, "0"),
        ("2", "2"),
        ("1500000u", "1.5"),
        ("5n", "5e-9"),
        ("1e3", "1000"),
        ("2E", "2e18"),
        ("1Ei", str(2**60)),
    ],
)
def test_every_form_of_a_quantity_is_read(written: str | None, number: str) -> None:
    assert any_amount(written) == Decimal(number)


def test_what_is_no_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="no quantity"):
        any_amount("a lot")
