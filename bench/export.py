"""How fast the audit log is exported, and the files verified (EVENTS=1000000 python -m bench.export)."""

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import orjson

from bench import alone
from persistence.engine import make_engine
from persistence.exports import records
from persistence.exports.formats import FORMATS, Format
from persistence.exports.records import Asked
from persistence.exports.streaming import Exporter
from persistence.exports.verifying import Sources, verify
from persistence.searching import AuditFilter
from persistence.signing import PublicKeys, Signer, new_key


async def exported(url: str, encoding: Format, file: Path) -> None:
    """The whole log into a file, its manifest and the public key beside it."""
    engine, signer = make_engine(url), Signer(new_key())
    asked = Asked(uuid4(), "cli:bench", "to measure it", encoding, {}, datetime.now(UTC))
    began = time.monotonic()
    with file.open("wb") as rows:
        async for piece in Exporter(url, engine, signer, "bench").export(asked, AuditFilter()):
            rows.write(piece)
    seconds = time.monotonic() - began
    whole = await records.find(engine, asked.id)
    assert whole is not None and whole.manifest is not None  # noqa: S101, PT018  # it was just made
    await engine.dispose()
    file.with_suffix(".manifest").write_bytes(orjson.dumps([whole.manifest, signer.public]))
    said = f"{whole.rows:,} rows exported as {encoding}: {seconds:.1f} s"
    print(f"{said}, {alone.peak():.0f} MB of memory at most", flush=True)


def verified(file: Path) -> bool:
    """Whether the file is what was signed."""
    manifest, public = orjson.loads(file.with_suffix(".manifest").read_bytes())
    began = time.monotonic()
    with file.open("rb") as rows:
        report = verify(Sources(rows, None), manifest, PublicKeys(public), lambda _: None, lambda _: None)
    print(f"{report.rows:,} rows verified, {report.differing} differ: {time.monotonic() - began:.1f} s, ", end="")
    print(f"{alone.peak():.0f} MB of memory at most", flush=True)
    return report.differing == 0


def measure(url: str) -> bool:
    """Each step by a process of its own, so that each has its own peak."""
    with tempfile.TemporaryDirectory() as directory:
        for encoding in FORMATS:
            file = Path(directory) / f"log.{encoding}"
            for arguments in (["export", url, encoding], ["verify"]):
                command = [sys.executable, "-m", "bench.export", *arguments, str(file)]
                subprocess.run(command, check=True)  # noqa: S603  # this very program
            print(f"{file.stat().st_size / 1e6:,.0f} MB as {encoding}")
            file.unlink()
    return True


def main(arguments: list[str]) -> bool:
    """Without arguments it fills a database first, with a URL it measures that one."""
    match arguments:
        case []:
            return alone.run("bench.export") == 0
        case ["export", url, ("jsonl" | "csv") as encoding, file]:
            asyncio.run(exported(url, encoding, Path(file)))
            return True
        case ["verify", file]:
            return verified(Path(file))
        case _:
            return measure(arguments[0])


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
