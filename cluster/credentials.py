"""How an instance reaches its database; it goes from the database-service into the Secret and nowhere else."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """The password does not show in repr, so that no log line and no traceback has it."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
