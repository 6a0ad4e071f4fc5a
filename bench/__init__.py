"""Measurements of the whole, on real parts: run with `make bench`."""
