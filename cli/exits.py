"""The exit codes of `reprise` and the sentence that goes with each, so that scripts can tell the cases apart."""

from schemas.errors import BadInput, BadSettings, DependencyDown, RepriseError

DONE = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3


def code(error: RepriseError) -> int:
    """The exit code for an error: unreachable, wrong settings, or refused."""
    if isinstance(error, DependencyDown):
        return UNREACHABLE
    return USAGE if isinstance(error, BadSettings) else FAILED


def sentence(error: RepriseError) -> str:
    """What a person reads on stderr: one sentence, with the field where one is at fault."""
    if isinstance(error, BadInput):
        return f"{error.field}: {error.message}"
    return str(error)
