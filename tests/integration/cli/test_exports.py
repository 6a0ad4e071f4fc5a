"""`reprise audit export` and `verify`, spoken to a real API process; verifying needs no process at all."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from cli import exporting
from cli.client import Client
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service
from tests.support.names import unique

WHY = ("--reason", "the auditor asks")


def files_of(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


@pytest.fixture
def key(reprise: Reprise) -> str:
    """The public key, as an auditor is given it."""
    return reprise("audit", "key", "public").out.strip()


@pytest.mark.parametrize("encoding", ["jsonl", "csv"])
async def test_an_export_is_verified_as_it_comes_and_again_without_any_server(
    reprise: Reprise, world: World, nowhere: Path, key: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = await world.failed(unique())
    await world.failed(unique())
    said = reprise("audit", "export", "--format", encoding, "--output", "log", *WHY)
    assert (said.code, said.err) == (0, "")
    assert files_of(nowhere) == ["log", "log.heads", "log.manifest.json"]
    manifest = json.loads((nowhere / "log.manifest.json").read_text())
    assert said.out == f"{manifest['rows']:,} rows of {manifest['instances']:,} instances in log, signed.\n"
    assert (nowhere / "log").stat().st_mode & 0o077 == 0

    monkeypatch.setenv("REPRISE_URL", "http://127.0.0.1:1")
    said = reprise("audit", "verify", "log", "--public-key", key)
    assert said.code == 0, said.out
    assert said.out.endswith("They are what was signed: complete, in order, every hash right.\n")

    lines = (nowhere / "log").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if identity.encode() not in line.partition(b"customer_id")[0][:60]]
    (nowhere / "log").write_bytes(b"".join(kept))
    said = reprise("audit", "verify", "log", "--public-key", key, "-o", "json")
    assert said.code == 1
    [found] = json.loads(said.out)["differences"]
    assert (found["instance_id"], found["sequence"]) == (identity, 1)
    assert found["why"].endswith("are missing")
    (nowhere / "log.heads").unlink()
    said = reprise("audit", "verify", "log", "--public-key", key)
    assert said.code == 1
    assert "log.heads is not there: instances that are missing have no name." in said.err
    assert "was signed: this is another file" in said.out


async def test_rows_on_stdout_are_the_same_rows(reprise: Reprise, world: World, nowhere: Path) -> None:
    name = unique()
    await world.failed(name)
    said = reprise("audit", "export", "--instance", name, *WHY)
    assert [json.loads(line)["sequence"] for line in said.out.splitlines()] == list(range(1, 8))
    told, _, export_id = said.err.strip().rpartition(" ")
    assert told == "7 rows; their manifest: reprise audit exports"
    manifest = json.loads(reprise("audit", "exports", export_id).out)
    assert (manifest["export_id"], manifest["rows"]) == (export_id, 7)
    assert "There is no export" in reprise("audit", "exports", str(uuid4())).err
    assert files_of(nowhere) == []
    listed = reprise("audit", "exports", "--limit", "1")
    assert "the auditor asks" in listed.out
    assert "instance_id=" in listed.out


async def test_what_breaks_off_leaves_no_file_that_looks_like_an_export(
    reprise: Reprise, world: World, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.failed(unique())
    real = Client.get

    def without_manifest(self: Client, path: str, **query: object) -> dict[str, object]:
        return {**real(self, path, **query), "manifest": None}

    monkeypatch.setattr(exporting.Client, "get", without_manifest)
    said = reprise("audit", "export", "--output", "log", *WHY)
    assert (said.code, said.out) == (1, "")
    assert "its last row was not sent; ask again" in said.err
    assert files_of(nowhere) == []


def test_what_is_not_meant_is_told(
    reprise: Reprise, service: Service, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "log").write_text("mine")
    for arguments, code, sentence in (
        (("export", "--output", "log", *WHY), 1, "log exists already"),
        (("export",), 2, "Missing option '--reason'"),
        (("export", "--reason", " "), 1, "reason: "),
        (("verify", "log"), 1, "public-key: none is known here"),
        (("verify", "log", "--public-key", "ed25519:x"), 1, "is no key as `reprise audit key public` prints it"),
        (("verify", "log", "--public-key", "nothing"), 1, "is neither a key (ed25519:…) nor a file of keys"),
    ):
        said = reprise("audit", *arguments)
        assert (said.code, said.out) == (code, ""), arguments
        assert sentence in " ".join(said.err.split()), arguments
    monkeypatch.setenv("REPRISE_AUDIT_SIGNING_KEY", reprise("audit", "key", "new").out.strip())
    said = reprise("audit", "verify", "log")
    assert "manifest: log.manifest.json cannot be read" in said.err
    assert (nowhere / "log").read_text() == "mine"


def test_the_log_is_compared_with_checkpoints_that_are_there(
    run: Reprise, database: str, nats_url: str, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they find is tested in tests/integration/test_checkpoints.py."""
    monkeypatch.setenv("REPRISE_AUDIT_SIGNING_KEY", run("audit", "key", "new").out.strip())
    (nowhere / "empty").touch()
    for arguments, code, sentence in (
        ((), 2, "REPRISE_DATABASE_URL: is missing"),
        (("--manifest", "x"), 2, "--manifest is for a FILE, --checkpoints and --archive are for the log"),
        (("x", "--checkpoints", "y"), 2, "--manifest is for a FILE, --checkpoints and --archive are for the log"),
        (("--checkpoints", "nothing"), 1, "checkpoints: nothing cannot be read: No such file or directory"),
        (("--checkpoints", "empty"), 1, "empty has no checkpoint that has all heads"),
        (("--checkpoints", "stream"), 1, "There is no stream of checkpoints: none was ever taken"),
    ):
        if code == 1:
            monkeypatch.setenv("REPRISE_DATABASE_URL", database)
            monkeypatch.setenv("REPRISE_NATS_URL", nats_url)
        said = run("audit", "verify", *arguments)
        assert (said.code, said.out) == (code, ""), arguments
        assert sentence in " ".join(said.err.split()), arguments


def test_a_key_that_is_wrong_is_named(run: Reprise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_AUDIT_SIGNING_KEY", "x")
    said = run("audit", "key", "public")
    assert (said.code, said.out) == (2, "")
    assert "REPRISE_AUDIT_SIGNING_KEY: is no list of keys" in said.err
