"""The life of an instance as a pure function: no I/O, no clock, no bus, no database."""
