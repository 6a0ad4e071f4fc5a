"""`reprise publish`, spoken to a real API process: files, dry runs, waiting, schemas, completion."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.types import EventType
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service
from tests.support.names import unique
from tests.support.waiting import until


def write(directory: Path, *lines: object) -> str:
    path = directory / "events.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return str(path)


def event(kind: str, instance: str, **more: object) -> dict[str, object]:
    return {"type": f"{kind}.requested", "instance": instance, **more}


async def test_a_file_is_published_and_each_line_told(reprise: Reprise, world: World, tmp_path: Path) -> None:
    one, two = unique(), unique()
    first, second = await world.running(one), await world.running(two)
    file = write(tmp_path, event("stop", one), "", event("start", second), event("stop", second))
    said = reprise("publish", "--file", file, "--reason", "the node is taken down")
    assert said.code == 1, said.err  # one line was refused
    rows = [line.split() for line in said.out.splitlines()[2:]]
    assert [(row[0], row[3]) for row in rows] == [("1", "applied"), ("3", "rejected"), ("4", "applied")]
    assert (await world.instance(first)).state == (await world.instance(second)).state == "stopping"


async def test_nothing_is_published_when_a_line_is_wrong(reprise: Reprise, world: World, tmp_path: Path) -> None:
    name = unique()
    identity = await world.running(name)
    wrong = event("retry", name, data={"change": {"cpu": "lots"}})
    file = write(tmp_path, event("stop", name), "", wrong, {"type": "deploy.ready", "instance": name})
    said = reprise("publish", "--file", file, "--reason", "why")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("line 3, data.change.cpu: ")
    assert "line 4, type: deploy.ready is a fact" in said.err
    assert (await world.instance(identity)).state == "running"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{nonsense", "line 2: is no JSON"),
        ("[]", "line 2: must be a JSON object"),
        ('{"type": "stop.requested"}', "line 2, instance: must be"),
        ('{"type": "stop.requested", "instance": "nobody-has-it"}', "line 2, instance: No instance has"),
    ],
)
async def test_a_line_that_cannot_be_read_is_named(
    reprise: Reprise, world: World, tmp_path: Path, line: str, sentence: str
) -> None:
    name = unique()
    identity = await world.running(name)
    said = reprise("publish", "--file", write(tmp_path, event("stop", name), line))
    assert said.code == 1
    assert said.err.startswith(sentence)
    assert (await world.instance(identity)).state == "running"


async def test_a_file_about_several_instances_needs_a_reason(reprise: Reprise, world: World, tmp_path: Path) -> None:
    one, two = unique(), unique()
    await world.running(one)
    await world.running(two)
    said = reprise("publish", "--file", write(tmp_path, event("stop", one), event("stop", two)))
    assert (said.code, said.err) == (1, "reason: is missing; what touches more than one instance needs one\n")
    foretold = reprise("publish", "--file", write(tmp_path, event("stop", one), event("stop", two)), "--dry-run")
    assert foretold.code == 0, "to see what would be decided touches none"


async def test_an_empty_file_is_no_success(reprise: Reprise, tmp_path: Path) -> None:
    said = reprise("publish", "--file", write(tmp_path, "", ""))
    assert said.code == 1
    assert "has no events" in said.err


async def test_a_dry_run_of_a_file_publishes_nothing(reprise: Reprise, world: World, tmp_path: Path) -> None:
    name = unique()
    identity = await world.running(name)
    said = reprise("publish", "--file", write(tmp_path, event("stop", name)), "--dry-run", "-o", "json")
    found = json.loads(said.out)
    assert (said.code, found["dry_run"], found["items"][0]["state_after"]) == (0, True, "stopping")
    assert (await world.instance(identity)).state == "running"


async def test_a_dry_run_of_one_event_says_what_would_be_decided(reprise: Reprise, world: World) -> None:
    name = unique()
    await world.running(name)
    said = reprise("publish", "stop.requested", name, "--dry-run")
    assert (said.code, said.out) == (
        0,
        "Nothing has been done. stop.requested would be applied: running → stopping\n",
    )
    refused = reprise("publish", "retry.requested", name, "--dry-run")
    assert refused.code == 1
    assert "would be refused: retry.requested is not possible while the instance is running" in refused.out


async def test_waiting_ends_with_the_job_and_its_exit_code(reprise: Reprise, world: World, tmp_path: Path) -> None:
    name = unique()
    identity = await world.running(name)
    file = write(tmp_path, event("stop", name))
    waiting = asyncio.create_task(asyncio.to_thread(reprise, "publish", "--file", file, "--wait"))
    await _until_state(world, identity, "stopping")
    await world.say(identity, EventType.STOP_COMPLETED)
    said = await waiting
    assert said.code == 0, said.err
    assert "stopped/completed" in said.err
    retrying = await world.failed(unique())
    waiting = asyncio.create_task(asyncio.to_thread(reprise, "publish", "retry.requested", retrying, "--wait"))
    await _until_state(world, retrying, "pending")
    assert (await world.admin.post(f"/api/instances/{retrying}/cancel")).status_code == 202
    assert (await waiting).code == 1


async def _until_state(world: World, identity: str, state: str) -> None:
    async def there() -> bool:
        return (await world.instance(identity)).state == state

    await until(there, what=f"the instance to be {state}")


@pytest.mark.parametrize("kind", EventType)
def test_the_schema_of_every_event_can_be_had_without_a_server(run: Reprise, kind: EventType) -> None:
    said = run("publish", "--schema", kind.value)
    assert said.code == 0, said.err
    assert json.loads(said.out)["$id"] == f"reprise:{kind.value}:1"


@pytest.mark.parametrize(
    "arguments",
    [(), ("stop.requested",), ("stop.requested", "shop", "--file", "x"), ("--schema", "nonsense"), ("--data", "{}")],
)
def test_wrong_usage_ends_with_2(run: Reprise, arguments: tuple[str, ...]) -> None:
    assert run("publish", *arguments).code == 2


async def test_the_shell_completes_types_and_instances(service: Service, world: World, tmp_path: Path) -> None:
    name = unique()
    await world.running(name)

    def complete(*words: str) -> list[str]:
        asked = {
            "COMP_WORDS": " ".join(("reprise", *words)),
            "COMP_CWORD": str(len(words)),
            "_REPRISE_COMPLETE": "complete_bash",
            "REPRISE_URL": service.url,
            "REPRISE_TOKEN": service.token(),
        }
        command = (sys.executable, "-m", "cli.main")
        found = subprocess.run(command, env={**os.environ, **asked}, check=False, capture_output=True, text=True)  # noqa: S603 - ours
        return found.stdout.split()

    assert complete("publish", "rel") == ["release.requested"]
    assert complete("publish", "--schema", "database.t") == ["database.timeout"]
    assert complete("publish", "stop.requested", name[:-2]) == [name]
    assert complete("comp") == ["completion"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_this_program(run: Reprise, shell: str) -> None:
    said = run("completion", shell)
    assert said.code == 0
    assert f"complete_{shell}" in said.out
