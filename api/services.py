"""What the HTTP API works with; whoever starts the process makes it, so there are no globals."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from api.gauges import Source
from api.metrics import Metrics
from api.ports import Check, Databases, Existing, Objects, Room
from persistence.exports.streaming import Exporter
from persistence.writer import Writer
from schemas.requests import InstanceRequest


@dataclass(frozen=True, slots=True)
class Backend:
    """What the routes of part `api` need.

    `accept` takes a request, whose instance it is and how that is called: it completes the request by its profile, or
    raises BadInput where it could never be carried out.
    `stopping` ends endless answers.
    """

    engine: AsyncEngine
    writer: Writer
    nats: Client
    room: Room
    objects: Objects
    existing: Existing
    databases: Databases
    accept: Callable[[InstanceRequest, str, str], InstanceRequest]
    exporter: Exporter
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Services:
    """What one process serves over HTTP: part `api`, part `database-service`, both, or only health and metrics.

    `checks` asks the dependencies of all parts in this process, by name; it can work while those that are `needed`
    (None: all of them) answer. `sources` measure for /metrics.
    """

    metrics: Metrics = field(default_factory=Metrics)
    checks: Mapping[str, Check] = field(default_factory=dict)
    needed: frozenset[str] | None = None
    sources: Sequence[Source] = ()
    backend: Backend | None = None
    database_service: APIRouter | None = None


def services(request: Request) -> Services:
    """The services of the application that got the request."""
    found: Services = request.app.state.services
    return found


def _backend(request: Request) -> Backend:
    found = services(request).backend
    assert found is not None  # noqa: S101 - its routes are only there where it is
    return found


AppServices = Annotated[Services, Depends(services)]
Served = Annotated[Backend, Depends(_backend)]
