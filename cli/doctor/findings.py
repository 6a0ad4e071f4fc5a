"""Runs checks and keeps what each found; none of them stops the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from schemas.errors import RepriseError
from schemas.settings import Settings
from schemas.text import cleaned

DEADLINE = 10.0
"""Seconds that one check may take."""


class Check(NamedTuple):
    """`look` answers what it found, or raises what is wrong; `mend` says what to do about it."""

    name: str
    look: Callable[[Settings], Awaitable[str]]
    mend: str


class Finding(NamedTuple):
    """What one check found."""

    name: str
    ok: bool
    detail: str
    mend: str | None


async def run(checks: Sequence[Check], settings: Settings) -> list[Finding]:
    """All checks at once, in the given order."""
    return list(await asyncio.gather(*(_run(check, settings) for check in checks)))


async def _run(check: Check, settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(DEADLINE):
            return Finding(check.name, True, await check.look(settings), None)
    except TimeoutError:
        return Finding(check.name, False, f"no answer within {DEADLINE:g} s", check.mend)
    except RepriseError as error:
        return Finding(check.name, False, str(error), check.mend)
    except Exception as error:
        return Finding(check.name, False, cleaned(f"{type(error).__name__}: {error}"), check.mend)
