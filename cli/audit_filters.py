"""Which rows of the audit log: the options that `audit list` and `audit export` share."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli.client import Client
from cli.session import instance_id

Instance = Annotated[str | None, typer.Option("--instance", metavar="ID", help="Of this instance.")]
Customer = Annotated[str | None, typer.Option("--customer", help="Of this customer's instances.")]
Type = Annotated[str | None, typer.Option("--type", help="Of this type, like retry.requested.")]
Actor = Annotated[str | None, typer.Option("--actor", help="By this actor, like cli:alice.")]
Outcome = Annotated[str | None, typer.Option("--outcome", help="applied, stale or rejected.")]
ErrorCode = Annotated[str | None, typer.Option("--error-code", help="That failed so, like image_pull.")]
FromState = Annotated[str | None, typer.Option("--from-state", help="Decided in this state.")]
ToState = Annotated[str | None, typer.Option("--to-state", help="That led into this state, or kept it.")]
Attempt = Annotated[int | None, typer.Option("--attempt", min=1, help="Of this attempt.")]
Job = Annotated[str | None, typer.Option("--job", metavar="JOB_ID", help="Of this job.")]
Since = Annotated[str | None, typer.Option("--since", help="From then on, like 2026-01-31T12:00:00Z.")]
Until = Annotated[str | None, typer.Option("--until", help="Before then.")]
Text = Annotated[str | None, typer.Option("--text", "-q", help="With this text in the event or its error.")]


@dataclass(frozen=True, slots=True)
class Filters:
    """What was given, as the API names it."""

    instance_id: str | None
    customer_id: str | None
    type: str | None
    actor: str | None
    outcome: str | None
    error_code: str | None
    state_before: str | None
    state_after: str | None
    attempt: int | None
    correlation_id: str | None
    since: str | None
    until: str | None
    q: str | None

    def query(self, client: Client) -> dict[str, Any]:
        """The parameters of a request; an instance that was named is looked up. Raises NotFound, Refused."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return found | {"instance_id": instance_id(client, self.instance_id) if self.instance_id else None}
