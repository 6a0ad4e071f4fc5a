"""Dead letters: what could not be dealt with, grouped by its error; sent again or dropped by a person who says why."""

import re
from collections import Counter
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query

from api.auth import Admin
from api.errors import BODY, answers
from api.masking import masked, shown
from api.services import Backend, Served
from bus.connection import jetstream
from bus.letters import Letter, Letters
from schemas.letters import DeadLetter, DeadLetterGroup, DeadLetterPage, DeadLetterWhole, WhyThisLetter

log = structlog.get_logger("dead_letters")
router = APIRouter(tags=["dead letters"])
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+\b")
Sequence = Annotated[int, Path(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1_000, description="the latest so many are looked at")]


@router.get("/api/dead-letters", summary="List dead letters (admin)", responses=answers())
async def index(backend: Served, _: Admin, limit: Limit = 1_000) -> DeadLetterPage:
    """The latest first; groups by part and error, in which ids and numbers do not count. `total`: all there are."""
    found, total = await _letters(backend).newest(limit)
    counted = Counter((each.part, _ID.sub("…", masked(each.error))) for each in found)
    groups = [DeadLetterGroup(part=part, error=error, count=count) for (part, error), count in counted.most_common()]
    return DeadLetterPage(groups=groups, items=[DeadLetter(**_line(each)) for each in found], total=total)


@router.get("/api/dead-letters/{sequence}", summary="Show a dead letter (admin)", responses=answers(404))
async def show(sequence: Sequence, backend: Served, _: Admin) -> DeadLetterWhole:
    """All of it, with what looks like a secret masked."""
    found = await _letters(backend).get(sequence)
    whole = {"headers": masked(found.headers), "data": shown(found.data), "story": masked(found.story)}
    return DeadLetterWhole(**_line(found), **whole)


@router.post(
    "/api/dead-letters/{sequence}/redrive", summary="Redrive a dead letter (admin)", responses=answers(*BODY, 404, 409)
)
async def redrive(sequence: Sequence, body: WhyThisLetter, backend: Served, caller: Admin) -> DeadLetter:
    """Sent again into the subject that it came by; if it fails again it comes back with its whole story."""
    letters = _letters(backend)
    found = await letters.get(sequence)
    await letters.redrive(found, str(caller.actor), body.reason)
    _log("dead_letter.redriven", found, str(caller.actor), body.reason)
    return DeadLetter(**_line(found))


@router.post("/api/dead-letters/{sequence}/drop", summary="Drop a dead letter (admin)", responses=answers(*BODY, 404))
async def drop(sequence: Sequence, body: WhyThisLetter, backend: Served, caller: Admin) -> DeadLetter:
    """For good: only the log line remains."""
    letters = _letters(backend)
    found = await letters.get(sequence)
    await letters.drop(sequence)
    _log("dead_letter.dropped", found, str(caller.actor), body.reason)
    return DeadLetter(**_line(found))


def _letters(backend: Backend) -> Letters:
    return Letters(jetstream(backend.nats))


def _line(letter: Letter) -> dict[str, object]:
    values = {name: getattr(letter, name) for name in ("sequence", "at", "subject", "part", "deliveries")}
    return {**values, "error": masked(letter.error), "before": len(letter.story)}


def _log(what: str, letter: Letter, actor: str, reason: str) -> None:
    about = {"sequence": letter.sequence, "subject": letter.subject, "error": letter.error}
    log.warning(what, actor=actor, reason=reason, **about)
