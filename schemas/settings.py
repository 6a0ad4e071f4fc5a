"""All settings in one place: environment variables with the prefix REPRISE_, read once at the start."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.codes import Causes
from schemas.errors import BadSettings
from schemas.quantities import MAX_PATIENCE, Seconds
from schemas.remedies import first_problem
from schemas.text import DnsLabel, PathPrefix


class Settings(BaseSettings):
    """Every setting of every part; a part reads what concerns it. Spans are in seconds, or like "15m"."""

    model_config = SettingsConfigDict(env_prefix="REPRISE_", extra="ignore", frozen=True)

    # Where things are
    database_url: str = Field(default="", description="postgresql://user:password@host:port/database")
    nats_url: str = Field(default="", description="nats://host:4222, several separated by commas")
    nats_replicas: int = Field(default=1, ge=1, le=5, description="servers that keep each message; 3 in a cluster")
    cluster: Literal["simulated", "kubernetes"] = "kubernetes"
    kubeconfig: Path | None = Field(default=None, description="path of a kubeconfig; a pod may use its own account")
    namespace: DnsLabel = "reprise"
    installation: DnsLabel = Field(default="reprise", description="tells two installations in one cluster apart")
    profiles: Path | None = Field(default=None, description="the file of named profiles; None: the built-in one")
    data_dir: Path = Path(".reprise")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    path_prefix: PathPrefix = Field(default="", description="under which a proxy serves console and API, like /reprise")
    metrics_port: int = Field(
        default=0, ge=0, le=65_535, description="health and metrics of a part without HTTP routes; 0: none"
    )
    api_url: str = Field(default="", description="where the console reaches the API; '': host:port")
    database_service_url: str = Field(default="", description="where effects reach the database-service; '': host:port")

    # Who may do what
    jwt_secret: SecretStr | None = Field(
        default=None, description="shared secret of the tokens (HS256), 32 bytes or more; several while it is changed"
    )
    jwks_url: str | None = Field(default=None, description="or: where the keys of an identity provider are")
    jwt_audience: str = "reprise"
    oidc_issuer: str = Field(default="", description="the identity provider that people sign in by; '': none")
    oidc_client_id: str = Field(default="", description="what the identity provider calls Reprise")
    oidc_client_secret: SecretStr | None = Field(default=None, description="None: PKCE alone proves who redeems a code")
    oidc_roles: str = Field(default="", description="JSON object: the values of oidc_role_claim, and what each grants")
    oidc_role_claim: str = "groups"
    oidc_subject_claim: str = Field(default="sub", description="by which the audit log names people")
    oidc_session: Seconds = Field(default=8 * 3_600, description="how long somebody is signed in")
    event_key: SecretStr | None = Field(default=None, description="signs facts and commands on the bus")
    console_key: SecretStr | None = Field(default=None, description="Fernet key that seals the sessions of the console")
    service_token: SecretStr | None = Field(default=None, description="role service; '': made from jwt_secret")
    database_keys: SecretStr | None = Field(default=None, description="Fernet keys for passwords at rest, newest first")
    audit_signing_key: SecretStr | None = Field(
        default=None, description="Ed25519 keys that sign exports and checkpoints, newest first: reprise audit key new"
    )
    shared_servers: SecretStr | None = Field(
        default=None, description="JSON list of PostgreSQL servers for shared databases; None: the one of database_url"
    )

    # How patient Reprise is
    database_timeout: Seconds = 300
    deploy_timeout: Seconds = 180
    init_timeout: Seconds = 900
    overdue_after: Seconds = 60
    overdue_limit: Seconds = 900
    purge_after: Seconds = 7 * 86_400
    failure_grace: float = Field(default=30.0, ge=0, le=MAX_PATIENCE, description="how long a failing image may fail")
    resync_every: float = Field(default=30.0, gt=0, le=3600)
    brake_share: float = Field(default=0.3, gt=0, le=1, description="of the instances, lost at once; 1: no brake")
    brake_at_least: int = Field(default=5, ge=1, description="instances lost at once before the brake goes on")
    brake_window: Seconds = 600
    deploy_concurrency: int = Field(default=10, ge=1, le=10_000)

    # What is tried again by itself
    retry_causes: Causes = Field(default=(), description="error codes, separated by commas; '': nothing is")
    retry_attempts: int = Field(default=5, ge=1, le=100, description="retries before it waits for a person")
    retry_first: Seconds = Field(default=60, description="the wait before the first retry; it doubles from there")
    retry_limit: Seconds = Field(default=3_600, description="the longest wait before a retry")

    # What is proved of the audit log
    checkpoint_every: Seconds = Field(default=3_600, description="between signed checkpoints over all trails")
    checkpoint_file: Path | None = Field(default=None, description="JSON lines; where checkpoints are appended, too")

    # How wide it works
    batch_size: int = Field(default=500, ge=1, le=5_000, description="events decided in one transaction")
    effect_concurrency: int = Field(default=16, ge=1, le=500)
    leader_timeout: float = Field(default=5.0, ge=2, le=60, description="idle_session_timeout of a leader's connection")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    # For clients
    url: str = Field(default="", description="where the HTTP API is")
    token: SecretStr | None = None

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: str) -> str:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError(
                "is no address of a PostgreSQL; write it like postgresql://user:password@host:port/database"
            )
        return url

    @field_validator("oidc_issuer")
    @classmethod
    def _is_behind_tls(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("must begin with https://")
        return url

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """The settings of this process. Raises BadSettings naming the variable that is wrong and what it must be."""
        try:
            return cls(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
        except ValidationError as error:
            path, sentence = first_problem(error)
            raise BadSettings("REPRISE_" + path.replace(".", "_").upper(), sentence) from error

    @property
    def event_key_bytes(self) -> bytes:
        """The key that signs facts and commands. Raises BadSettings where it is missing."""
        self.required("event_key")
        return self.event_key.get_secret_value().encode() if self.event_key else b""

    def required(self, *names: str) -> Self:
        """These settings, when each of `names` is set. Raises BadSettings naming the first that is missing."""
        for name in names:
            if not getattr(self, name):
                meaning = type(self).model_fields[name].description or "see docs/settings.md"
                raise BadSettings(f"REPRISE_{name.upper()}", f"is missing; set it ({meaning})")
        return self
