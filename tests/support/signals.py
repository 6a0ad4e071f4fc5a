"""Gives the processes under test the signals of a terminal: whoever runs the tests in the background ignores some."""

import signal


def restore() -> None:
    """What is ignored is inherited by children, and under `nohup` or `&` that is SIGHUP or SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
