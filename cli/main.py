"""Entry point of `reprise`. Nothing is imported here that costs time: every command loads what it needs."""

import os
import sys

from cli.catalogue import overview


def run() -> None:
    """Run the command line of this process and end it with the exit code.

    The overview is answered before Typer is loaded (its import alone takes 90 ms of Python, the overview 10).
    """
    if sys.argv[1:] in ([], ["--help"], ["help"]) and "_REPRISE_COMPLETE" not in os.environ:
        print(overview())
        return
    from cli.app import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
