"""What a customer asks for: the request of an instance, and what a retry may change in it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.quantities import Bytes, Cpu, Seconds
from schemas.text import DnsLabel, ImageName

DatabaseType = Literal["shared", "dedicated"]


class Closed(BaseModel):
    """A model that refuses what it does not know, so that a misspelt field is an error and never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


_BY_PROFILE = Field(description="Left out: the profile's.", json_schema_extra=_without_default)


class InstanceRequest(Closed):
    """What one instance shall be. `image` None means the profile's; `patience` is how long it may wait for room.

    What was left out of cpu, memory and volume is not in `model_fields_set`: it is taken from the profile when the
    request is accepted, so that what is recorded is explicit. The defaults here are those of a profile that says
    nothing.
    """

    profile: DnsLabel = "default"
    db_type: DatabaseType = "shared"
    cpu: Annotated[Cpu, _BY_PROFILE] = "500m"
    memory: Annotated[Bytes, _BY_PROFILE] = "1Gi"
    volume: Annotated[Bytes, _BY_PROFILE] = "10Gi"
    image: ImageName | None = None
    patience: Seconds | None = None


NO_UPGRADE = "changing an image is not an upgrade, which docs/profiles.md describes"


class RequestChange(Closed):
    """What a retry may change; None leaves it as it was. The database and the volume's size stay."""

    profile: DnsLabel | None = None
    cpu: Cpu | None = None
    memory: Bytes | None = None
    image: ImageName | None = None
    patience: Seconds | None = None

    def applied_to(self, request: InstanceRequest) -> InstanceRequest:
        """The request with this change in it. `patience` is one attempt's: it does not carry over."""
        changes = self.model_dump(exclude_none=True)
        return request.model_copy(update={"patience": None, **changes})
