"""A cluster that runs nothing: an HTTP server with the paths, wire format and behaviour of the Kubernetes API."""
