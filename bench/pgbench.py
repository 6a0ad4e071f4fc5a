"""The yardstick: pgbench's transaction of lock, update and two inserts, on the same server."""

import asyncio
import re
from pathlib import Path

import asyncpg

from embedded.postgres import binary

CLIENTS = 8
ROWS = 10_000
_TABLES = f"""
CREATE TABLE IF NOT EXISTS bench_rows (id int PRIMARY KEY, state text NOT NULL, seq int NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS bench_log (id bigserial PRIMARY KEY, row_id int, body text, at timestamptz DEFAULT now());
CREATE TABLE IF NOT EXISTS bench_outbox (id bigserial PRIMARY KEY, row_id int, body text);
INSERT INTO bench_rows SELECT n, 'pending' FROM generate_series(1, {ROWS}) n ON CONFLICT DO NOTHING;
"""  # noqa: S608  # a number of our own
_SCRIPT = f"""
\\set id random(1, {ROWS})
BEGIN;
SELECT state, seq FROM bench_rows WHERE id = :id FOR UPDATE;
UPDATE bench_rows SET state = 'deploying', seq = seq + 1 WHERE id = :id;
INSERT INTO bench_log (row_id, body) VALUES (:id, repeat('x', 300));
INSERT INTO bench_outbox (row_id, body) VALUES (:id, repeat('x', 300));
COMMIT;
"""  # noqa: S608  # a number of our own


async def measure(url: str, directory: Path, seconds: int) -> float:
    """Transactions a second at CLIENTS clients. Raises RuntimeError with pgbench's words when it fails."""
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLES)
    await connection.close()
    script = directory / "transaction.sql"
    script.write_text(_SCRIPT)
    command = ("--no-vacuum", f"--client={CLIENTS}", "--jobs=2", f"--time={seconds}", f"--file={script}", url)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(binary("pgbench")), *command, stdout=pipe, stderr=pipe)
    out, error = await process.communicate()
    found = re.search(rb"tps = ([0-9.]+)", out)
    if process.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench failed: {error.decode()[-500:]}")
    return float(found[1])
