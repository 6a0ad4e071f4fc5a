"""What the demonstration has seen, for the checklist to judge: nothing in here is a judgement yet."""

from dataclasses import dataclass, field

from embedded.demo.world import Document


@dataclass(frozen=True)
class Failure:
    """One attempt that failed, once it was clean: what API, PostgreSQL and cluster said at that moment."""

    instance: Document
    row: Document
    left_over: list[str]
    server: list[str]


@dataclass(frozen=True)
class Queued:
    """A retry: how it was asked for, what was answered, and how the instance read right then."""

    way: str
    message: str
    job_id: str
    instance: Document


@dataclass
class Observed:
    """The whole walk. Lists are in the order of time."""

    pod_reason: str = ""
    failures: list[Failure] = field(default_factory=list)
    retries: list[Queued] = field(default_factory=list)
    audit: list[Document] = field(default_factory=list)
    job: Document = field(default_factory=dict)
    instance: Document = field(default_factory=dict)
    row: Document = field(default_factory=dict)
    ready_replicas: int = 0
    server: list[str] = field(default_factory=list)
    secret_password: str = field(default="", repr=False)
    credentials: Document = field(default_factory=dict, repr=False)
    rows_with_password: int = 0
