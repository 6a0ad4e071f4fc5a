"""Runs the project's own command line as a person would, for the demonstration's retry by hand."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE

from embedded.demo.world import Document, World
from schemas.errors import Refused

PATIENCE = 30


async def reprise(world: World, *arguments: str) -> Document:
    """The JSON document that `reprise ARGUMENTS` answers. Raises Refused with what it said on stderr."""
    environment = {**os.environ, "REPRISE_DATA_DIR": str(world.settings.data_dir)}
    # what the caller's shell names is another Reprise than the one that is shown here
    environment = {name: value for name, value in environment.items() if name not in ("REPRISE_URL", "REPRISE_TOKEN")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.main", *arguments, stdout=PIPE, stderr=PIPE, env=environment
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    if process.returncode:
        raise Refused(err.decode().strip() or f"reprise ended with {process.returncode}")
    found: Document = json.loads(out)
    return found
