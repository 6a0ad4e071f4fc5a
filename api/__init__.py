"""The HTTP API: what people, the command line and the pages speak to."""
