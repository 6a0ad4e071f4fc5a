"""Named profiles: what an operator decides once for many instances, read from one YAML file."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, StringConstraints, ValidationError

from schemas.errors import BadInput, BadSettings
from schemas.quantities import Bytes, Cpu
from schemas.requests import Closed, InstanceRequest
from schemas.settings import Settings
from schemas.text import DnsLabel, ImageName

Module = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Option = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
OptionValue = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]{0,1000}$")]
OWN_OPTIONS = frozenset(
    {
        "admin_passwd",
        "data_dir",
        "db_host",
        "db_name",
        "db_password",
        "db_port",
        "db_user",
        "dbfilter",
        "gevent_port",
        "http_port",
        "limit_memory_hard",
        "limit_memory_soft",
        "list_db",
        "proxy_mode",
        "workers",
    }
)
"""Options of odoo.conf that Reprise sets itself; a profile that set them would be ignored or open a hole."""


class Placement(Closed):
    """Where pods may run and what they are made from; the names of the fields are Kubernetes' own."""

    image_pull_secret: DnsLabel | None = None
    storage_class: DnsLabel | None = Field(default=None, description="None: the cluster's default class")
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()


class Profile(Placement):
    """How instances of this profile are run.

    `allowed_images` are patterns of images that a request may name in place of `image`; None: any.
    `user_id` and `group_id` are those of the user odoo in the image, 100 and 101 in the official one.
    """

    image: ImageName = "odoo:18.0"
    allowed_images: tuple[str, ...] | None = None
    modules: tuple[Module, ...] = ()
    workers: int = Field(default=0, ge=0, le=64)
    odoo_conf: dict[Option, OptionValue] = Field(default_factory=dict)
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
    """How dedicated database servers are run; 70 is the user postgres in the alpine images, 999 in the others."""

    image: ImageName = "postgres:18-alpine"
    user_id: int = Field(default=70, ge=1, le=2**31 - 1)
    cpu: Cpu = "250m"
    memory: Bytes = "512Mi"
    volume: Bytes = "10Gi"


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
            return cls.model_validate(document if document is not None else {})._checked()
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = ".".join(str(part) for part in first["loc"])
            raise _bad(settings.profiles, f"{path}: {first['msg']}") from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError, BadInput) as error:
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

    def check(self, request: InstanceRequest) -> None:
        """Raises BadInput where the request names a profile that is not there or an image it does not allow."""
        self.get(request.profile).image_for(request)

    def _checked(self) -> Self:
        for name, profile in self.profiles.items():
            for option in OWN_OPTIONS.intersection(profile.odoo_conf):
                raise BadInput(f"profiles.{name}.odoo_conf.{option}", "is set by Reprise itself; leave it out")
        return self


def _bad(file: Path, message: str) -> BadSettings:
    return BadSettings("REPRISE_PROFILES", f"{file}: {message}")
