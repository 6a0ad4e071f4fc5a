"""Events in a file, one JSON object a line: read as a whole first, so that nothing is published of a wrong one."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.client import Client, Document
from cli.session import instance_id
from schemas.errors import BadInput, NotFound, Refused

SHAPE = '{"type": "stop.requested", "instance": "shop", "data": {}, "reason": "why"}'
_PLACE = re.compile(r"\bevents\.(\d+)\.")


@dataclass(frozen=True)
class Line:
    """One event: where it stands in the file, and the instance as the file names it."""

    number: int
    event: Document
    instance: str


def read(path: str) -> list[Line]:
    """The lines that are not blank, of standard input where `path` is "-". Raises Refused naming the wrong line."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}") from error
    lines = [_line(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise Refused(f"{path} has no events; write one a line, like {SHAPE}")
    return lines


def _line(number: int, text: str) -> Line:
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise Refused(f"line {number}: is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"line {number}: must be a JSON object, like {SHAPE}")
    named = found.pop("instance", None)
    if not isinstance(named, str):
        raise Refused(f"line {number}, instance: must be an instance's id or name, in quotes")
    return Line(number, found, named)


def send(client: Client, lines: list[Line], reason: str, *, dry_run: bool) -> list[Document]:
    """What became of each. Raises Refused naming lines and fields where one is wrong; nothing was published then."""
    known: dict[str, str] = {}
    events = [{**line.event, "instance_id": _identified(client, line, known)} for line in lines]
    try:
        body = {"events": events, "reason": reason or None}
        items: list[Document] = client.post("/api/events", body, dry_run=dry_run)["items"]
    except BadInput as error:
        raise Refused(_by_line(f"{error.field}: {error.message}", lines)) from error
    return items


def _identified(client: Client, line: Line, known: dict[str, str]) -> str:
    if line.instance not in known:
        try:
            known[line.instance] = instance_id(client, line.instance)
        except (NotFound, Refused) as error:
            raise Refused(f"line {line.number}, instance: {error}") from error
    return known[line.instance]


def _by_line(sentence: str, lines: list[Line]) -> str:
    """The API counts events from 0; people count lines."""

    def place(found: re.Match[str]) -> str:
        return f"line {lines[int(found[1])].number}, "

    return _PLACE.sub(place, sentence).replace("instance_id: ", "instance: ")
