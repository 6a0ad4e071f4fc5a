"""The locks hold what pyproject.toml asks for, in versions that fit, each with its hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"runtime": ("build",), "embedded": ("build", "embedded"), "dev": ("build", "embedded", "dev")}
LOCKS = (*EXTRAS, "go")
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, set[Version]]:
    found: dict[str, set[Version]] = {}
    for name, version in PIN.findall((ROOT / "locks" / f"{lock}.txt").read_text()):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_dependency_is_locked_in_a_version_that_fits(lock: str) -> None:
    wanted = [*PROJECT["dependencies"]]
    for extra in EXTRAS[lock]:
        wanted += PROJECT["optional-dependencies"][extra]
    locked = pins(lock)
    for requirement in map(Requirement, wanted):
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in locks/{lock}.txt"
        assert all(version in requirement.specifier for version in versions)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    blocks = re.split(r"^(?=[\w])", text, flags=re.MULTILINE)
    assert [block.splitlines()[0] for block in blocks if PIN.match(block) and "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("small", "large"), [("runtime", "embedded"), ("embedded", "dev")])
def test_the_larger_lock_holds_the_smaller_one_so_that_tests_test_what_is_run(small: str, large: str) -> None:
    larger = pins(large)
    assert {name: version for name, version in pins(small).items() if larger.get(name) != version} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index(lock: str) -> None:
    assert "://" not in (ROOT / "locks" / f"{lock}.txt").read_text()
