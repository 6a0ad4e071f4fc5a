"""Every exception Reprise raises on purpose, as one visible tree.

RepriseError
├── BadInput                what was sent cannot be accepted; names the field and the remedy
│   ├── BrokenMessage       a message on the bus that cannot be read as an event
│   ├── ForbiddenEvent      an event that its publisher may not publish
│   └── BadSettings         a setting is missing or wrong; the process does not start
├── Unauthorized            no token, or none that is valid
├── Forbidden               a valid token without the role that is needed
├── NotFound                no such instance, job or object (or not the caller's)
├── Conflict                the name is taken
├── Refused                 the state of the instance does not allow it
└── DependencyDown          PostgreSQL, NATS, the cluster or the database-service does not answer: try again later
    ├── ClusterDown         the Kubernetes API does not answer, or asks to come back later
    └── NotStarted          a process that Reprise runs itself did not start
ClusterRefused              the cluster understood and said no, in its own words
DatabaseRefused             the database-service or a database server said no
NotYet                      an effect has been asked for and is not finished: look again later
"""

from schemas.codes import ErrorCode


class RepriseError(Exception):
    """The root: everything Reprise raises on purpose."""


class BadInput(RepriseError):
    """What was sent cannot be accepted.

    `field` is the path of what is wrong ("request.cpu"), the message says what is wrong and what to send instead.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class BrokenMessage(BadInput):
    """A message on the bus that cannot be read as an event; it is dead-lettered with this sentence."""


class ForbiddenEvent(BadInput):
    """An event that its publisher may not publish: facts and commands belong to the part that observed or decided."""


class BadSettings(BadInput):
    """A setting is missing or wrong: the process ends with this sentence and exit code 2."""


class Unauthorized(RepriseError):
    """No token, or none that is valid."""


class Forbidden(RepriseError):
    """A valid token without the role that the route needs."""


class NotFound(RepriseError):
    """There is no such thing, or it belongs to somebody else."""


class Conflict(RepriseError):
    """It would collide with something that exists."""


class Refused(RepriseError):
    """The state of the instance does not allow what was wished."""


class DependencyDown(RepriseError):
    """A dependency does not answer; never counted against the message or request that met it."""

    def __init__(self, dependency: str, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(f"{dependency} does not answer: {message}")
        self.dependency = dependency
        self.retry_after = retry_after


class ClusterDown(DependencyDown):
    """The Kubernetes API does not answer, or asks to come back after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__("kubernetes", message, retry_after=retry_after)


class NotStarted(DependencyDown):
    """A process that Reprise runs itself ended, or did not serve in time; the message says how and where its log is."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(what, message)
        self.args = (f"{what} {message}",)


class ClusterRefused(RepriseError):
    """The Kubernetes API understood the request and said no; the message is in its own words."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class DatabaseRefused(RepriseError):
    """The database-service cannot do it, and asking again will not help; the message says why."""


class NotYet(RepriseError):
    """What was asked for is under way; look again after `after` seconds."""

    def __init__(self, what: str, *, after: float = 1.0) -> None:
        super().__init__(f"not yet: {what}")
        self.what = what
        self.after = after
