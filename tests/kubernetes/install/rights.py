"""What manifests grant, and what the API server's audit log says was asked for."""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

Object = dict[str, Any]
USER = "system:serviceaccount:reprise-system:"


SENT = ("ResponseComplete", "ResponseStarted")
"""Stages of a request: a watch has begun long before it is complete."""


class Right(NamedTuple):
    """One verb on one kind, of one account; `everywhere`: in all namespaces, or of a kind that has none."""

    account: str
    verb: str
    resource: str
    everywhere: bool


def granted(manifests: Iterable[Object]) -> list[frozenset[Right]]:
    """Each right that is granted, as those whom one role gives it: it is of use where one of them uses it."""
    objects = list(manifests)
    roles = {(each["kind"], each["metadata"]["name"]): each for each in objects if each["kind"].endswith("Role")}
    bindings = [each for each in objects if each["kind"].endswith("RoleBinding")]
    return [right for each in bindings for right in _of_role(roles[_role(each)], each["subjects"])]


def _role(binding: Object) -> tuple[str, str]:
    return binding["roleRef"]["kind"], binding["roleRef"]["name"]


def _of_role(role: Object, subjects: list[Object]) -> Iterator[frozenset[Right]]:
    everywhere = role["kind"] == "ClusterRole"
    for rule in role["rules"]:
        for resource, verb in product(rule["resources"], rule["verbs"]):
            yield frozenset(Right(each["name"], verb, resource, everywhere) for each in subjects)


def used(log: Path) -> set[Right]:
    """Every right that a request needed which was not refused for want of it."""
    return {right for event in _events(log) if event["responseStatus"]["code"] != 403 for right in _needed(event)}


def refused(log: Path) -> list[str]:
    """What was asked for and forbidden, one sentence each."""
    return sorted(
        {event["responseStatus"]["message"] for event in _events(log) if event["responseStatus"]["code"] == 403}
    )


def _needed(event: Object) -> Iterator[Right]:
    what = event.get("objectRef")
    if what is None:  # /version, which everybody may read
        return
    account = event["user"]["username"].removeprefix(USER)
    everywhere = "namespace" not in what
    yield Right(account, event["verb"], what["resource"], everywhere)
    if event["verb"] == "patch" and event["responseStatus"]["code"] == 201:
        yield Right(account, "create", what["resource"], everywhere)


def _events(log: Path) -> Iterator[Object]:
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if event["user"]["username"].startswith(USER) and event["stage"] in SENT:
            yield event
