"""The `reprise` command: a client of the HTTP API, and the way to start Reprise's parts."""
