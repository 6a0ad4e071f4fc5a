"""The example that pages are pictured with: some customers' instances, of which not all are well."""

from collections.abc import Mapping

from tests.support.installation import Installation

RUNNING = (
    ("acme", "shop", "500m", "1Gi"),
    ("acme", "crm", "500m", "1Gi"),
    ("globex", "erp", "1", "2Gi"),
    ("initech", "wiki", "250m", "512Mi"),
)


async def example(reprise: Installation) -> Mapping[str, str]:
    """Makes it; answers the ids by what became of each (running, stopped, …), of a row of the audit log, of a bulk."""
    ids = {name: await _create(reprise, *each) for each in RUNNING for name in [each[1]]}
    for identity in ids.values():
        await reprise.reaches(identity, "running")
    old = await _create(reprise, "acme", "old-shop", "250m", "512Mi")
    await reprise.reaches(old, "running")
    await _asked(reprise, old, "delete", "moved to shop in June")
    await _asked(reprise, ids["wiki"], "stop", "not used over the holidays")
    failed = await _create(reprise, "globex", "warehouse", "6", "4Gi", patience="5s")
    waiting = await _create(reprise, "initech", "analytics", "500m", "48Gi", patience="24h")
    await reprise.reaches(failed, "error")
    await reprise.reaches(waiting, "deploying")
    await reprise.reaches(old, "trashed")
    await reprise.reaches(ids["wiki"], "stopped")
    made = {"running": ids["shop"], "stopped": ids["wiki"], "trashed": old, "failed": failed, "waiting": waiting}
    row = next(row for row in await reprise.trail(failed) if row["type"] == "deploy.timeout")
    return {**made, "row": row["event_id"], "bulk": await _retried(reprise)}


async def _retried(reprise: Installation) -> str:
    """The retry of all of a customer's that failed, which finds no room either."""
    tills = await _create(reprise, "umbrella", "tills", "500m", "40Gi", patience="5s")
    await reprise.reaches(tills, "error")
    body = {"where": {"customer_id": "umbrella"}, "expected": 1, "reason": "memory was added", "rate": "1/s"}
    answer = await reprise.http.post("/api/retries", json=body)
    assert answer.status_code == 202, answer.text
    await reprise.reaches(tills, "deploying")
    return str(answer.json()["id"])


async def _create(reprise: Installation, customer: str, name: str, cpu: str, memory: str, **other: str) -> str:
    return await reprise.create(name, customer_id=customer, cpu=cpu, memory=memory, volume="10Gi", **other)


async def _asked(reprise: Installation, identity: str, wish: str, reason: str) -> None:
    path = f"/api/instances/{identity}"
    if wish == "delete":
        answer = await reprise.http.delete(path, params={"reason": reason})
    else:
        answer = await reprise.http.post(f"{path}/{wish}", json={"reason": reason})
    assert answer.status_code == 202, answer.text
