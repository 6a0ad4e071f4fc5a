"""Named profiles: what an operator decides once for many instances, read from one YAML file."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self
from uuid import UUID

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from cluster.hosts import Exposure
from cluster.options import Option, OptionValue
from schemas.errors import BadInput, BadSettings
from schemas.quantities import Bytes, Cpu
from schemas.remedies import first_problem
from schemas.requests import Closed, InstanceRequest
from schemas.settings import Settings
from schemas.text import DnsLabel, DnsName, ImageName, LabelValue

Module = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
LabelKey = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
ImagePattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9*?\[][^\s]{0,254}$")]
Series = Annotated[str, StringConstraints(pattern=r"^(\d{2}\.0|saas~\d{2}\.\d)$")]
"""What `odoo --version` begins with: 18.0, saas~18.3."""
_SAID_NOTHING = InstanceRequest()
_DEFAULTED = ("cpu", "memory", "volume")


class Toleration(Closed):
    """A taint that pods may ignore; the names of the fields are Kubernetes' own."""

    key: LabelKey | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    tolerationSeconds: int | None = None  # noqa: N815 - Kubernetes' own name


class Expression(Closed):
    """One condition on a node's labels; the names of the fields are Kubernetes' own."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[LabelValue, ...] = ()

    @model_validator(mode="after")
    def _has_the_values_it_needs(self) -> Self:
        if self.operator in ("In", "NotIn") and not self.values:
            raise ValueError(f"{self.operator} needs values")
        if self.operator in ("Exists", "DoesNotExist") and self.values:
            raise ValueError(f"{self.operator} takes no values")
        if self.operator in ("Gt", "Lt") and not (len(self.values) == 1 and self.values[0].isdecimal()):
            raise ValueError(f"{self.operator} needs one whole number as values")
        return self


class Placement(Closed):
    """Where pods may run and what they are made from; the names of the fields are Kubernetes' own."""

    image_pull_secret: DnsName | None = None
    storage_class: DnsName | None = Field(default=None, description="None: the cluster's default class")
    node_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    node_affinity: tuple[Expression, ...] = Field(default=(), description="all of which a node must meet")
    tolerations: tuple[Toleration, ...] = ()


class Profile(Placement):
    """How instances of this profile are run.

    `version` is the series of Odoo that its images must hold; None: any. `allowed_images` are patterns of images that
    a request may name in place of `image`; None: any, (): none. `cpu`, `memory` and `volume` are for requests that
    leave them out. `user_id` and `group_id` are those of the user odoo in the image: 100 and 101 in the official ones
    from 18 on, 101 and 101 in those before (https://github.com/odoo/odoo/issues/183106).
    """

    image: ImageName = "odoo:18.0"
    version: Series | None = None
    allowed_images: tuple[ImagePattern, ...] | None = None
    modules: tuple[Module, ...] = ()
    workers: int = Field(default=0, ge=0, le=64)
    odoo_conf: dict[Option, OptionValue] = Field(default_factory=dict)
    cpu: Cpu = _SAID_NOTHING.cpu
    memory: Bytes = _SAID_NOTHING.memory
    volume: Bytes = _SAID_NOTHING.volume
    ingress: Exposure | None = None
    user_id: int = Field(default=100, ge=1, le=2**31 - 1)
    group_id: int = Field(default=101, ge=1, le=2**31 - 1)

    def image_for(self, request: InstanceRequest) -> str:
        """The image of a request. Raises BadInput where the profile does not allow the one it names."""
        if request.image is None or request.image == self.image or self.allowed_images is None:
            return request.image or self.image
        if any(fnmatchcase(request.image, pattern) for pattern in self.allowed_images):
            return request.image
        allowed = ", ".join((self.image, *self.allowed_images))
        raise BadInput("request.image", f"{request.image} is not allowed by profile {request.profile}; use {allowed}")


class DatabaseServer(Placement):
    """How dedicated database servers are run; 70 is the user postgres in the alpine images, 999 in the others.

    `provider` decides for new servers; one that is there stays what it is. With cloudnativepg, `operand_image` is what
    the operator runs (None: its default), in as many `instances`, and `image` only the psql that empties a database.
    """

    provider: Literal["statefulset", "cloudnativepg"] = "statefulset"
    instances: int = Field(default=1, ge=1, le=9)
    operand_image: ImageName | None = None
    image: ImageName = "postgres:18-alpine"
    user_id: int = Field(default=70, ge=1, le=2**31 - 1)
    cpu: Cpu = "250m"
    memory: Bytes = "512Mi"
    volume: Bytes = "10Gi"

    @model_validator(mode="after")
    def _replicated_by_an_operator(self) -> Self:
        if self.provider == "statefulset" and self.instances > 1:
            raise ValueError("more than one instance needs provider cloudnativepg, which replicates")
        return self


class Profiles(Closed):
    """The whole file: profiles by name, of which `default` always exists, and the dedicated database servers'."""

    profiles: dict[DnsLabel, Profile] = Field(default_factory=dict)
    database_server: DatabaseServer = DatabaseServer()

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """The profiles of this installation. Raises BadSettings naming the field that is wrong."""
        if settings.profiles is None:
            return cls()
        try:
            document = yaml.safe_load(settings.profiles.read_text())
            return cls.model_validate(document if document is not None else {})
        except ValidationError as error:
            path, sentence = first_problem(error)
            raise _bad(settings.profiles, f"{path}: {sentence}") from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise _bad(settings.profiles, " ".join(str(error).split())) from error

    def get(self, name: str) -> Profile:
        """The profile of that name. Raises BadInput naming those that exist."""
        if name in self.profiles:
            return self.profiles[name]
        if name == "default":
            return Profile()
        raise BadInput("request.profile", f"there is no profile {name!r}; use {', '.join(self.names)}")

    @property
    def names(self) -> list[str]:
        """All profiles that a request may name."""
        return sorted({"default", *self.profiles})

    def accept(self, request: InstanceRequest, customer_id: str, name: str) -> InstanceRequest:
        """The request with what it left out taken from its profile, as it is to be recorded.

        Raises BadInput where the profile is not there, does not allow the image, or has no host for these names.
        """
        profile = self.get(request.profile)
        profile.image_for(request)
        if profile.ingress is not None:
            _require_host(profile.ingress, request.profile, customer_id, name)
        left_out = {field: getattr(profile, field) for field in _DEFAULTED if field not in request.model_fields_set}
        return request.model_copy(update=left_out)


def _require_host(ingress: Exposure, profile: str, customer_id: str, name: str) -> None:
    try:
        ingress.host(UUID(int=0), customer_id, name)
    except ValueError as error:
        raise BadInput("request.profile", f"{profile} gives instances the host {ingress.hosts}, but {error}") from error


def _bad(file: Path, message: str) -> BadSettings:
    return BadSettings("REPRISE_PROFILES", f"{file}: {message}")
