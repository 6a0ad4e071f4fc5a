"""How fast the console's pages are, and what they cost while they are open: run with `python -m bench.console`."""
