"""For a row that wants to run: the credentials fetched fresh, the objects applied."""

from cluster.adopted import revive
from cluster.credentials import Credentials
from cluster.deploy import deploy
from consumers.converge.parts import Parts
from schemas.codes import ErrorCode
from schemas.errors import BadInput, ClusterRefused, DatabaseRefused
from schemas.events import Event
from schemas.payloads import DeployApplied, Failure
from schemas.text import cleaned
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State

AWAIT_APPLIED = (State.DEPLOYING, State.STARTING)
"""States whose deadline starts when the cluster has accepted the objects."""


async def run_it(parts: Parts, row: Instance) -> list[Event]:
    """Apply what the row wants; a refusal is the fact deploy.failed, in the words of whoever refused."""
    if row.state is State.DEGRADED and await parts.braked():
        return []
    try:
        objects = await _apply(parts, row)
    except ClusterRefused as refusal:
        return [_failed(parts, row, refusal.code, refusal.message)]
    except DatabaseRefused as refusal:
        return [_failed(parts, row, ErrorCode.DATABASE_UNAVAILABLE, str(refusal))]
    except BadInput as error:  # the profile was changed after the request had been accepted
        return [_failed(parts, row, ErrorCode.CLUSTER_REFUSED, str(error))]
    if row.state not in AWAIT_APPLIED:
        return []
    return [parts.fact(row, EventType.DEPLOY_APPLIED, DeployApplied(objects=tuple(objects)), "applied")]


async def _apply(parts: Parts, row: Instance) -> list[str]:
    if row.adopted is not None:  # its Secret is its own: it needs no credentials from here
        await parts.check(row)()
        return await revive(parts.cluster, row)
    found = await parts.databases.allocate(row.id, row.customer_id, row.request.db_type)
    credentials = Credentials(found.host, found.port, found.database, found.username, found.password)
    await parts.check(row)()
    return await deploy(parts.cluster, row, credentials, parts.profiles)


def _failed(parts: Parts, row: Instance, code: ErrorCode, message: str) -> Event:
    """The same failure after another one is another fact; after itself it is none."""
    words = cleaned(message)
    return parts.fact(
        row,
        EventType.DEPLOY_FAILED,
        Failure(error_code=code, error_message=words),
        f"{code}: {words} after {row.cause} at {row.overdue}",
    )
