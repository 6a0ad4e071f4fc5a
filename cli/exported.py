"""Decides the rows of an export or archive again, without a database."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.bar import Bar
from schemas.errors import BadInput

if TYPE_CHECKING:
    from persistence.replay import Begin, Report


def decided(file: Path, begin: "Begin | None") -> "Report":
    """What differs; whether it is the file that was signed, `reprise audit verify` tells.

    Raises BadInput for a file that cannot be read as an export.
    """
    from persistence.exports.formats import Unreadable, format_of
    from persistence.replay import verify_rows
    from persistence.verifying import Trail

    try:
        with file.open("rb") as lines, Bar() as bar:
            return verify_rows(format_of(lines.peek(100)).decode(lines), bar.show, begin or Trail)
    except OSError as error:
        raise BadInput("file", f"{file} cannot be read: {error.strerror}") from None
    except Unreadable as error:
        raise BadInput("file", f"{file} is no export: {error}") from None
