"""The API over HTTP: paths, bodies, watches, errors, as a Kubernetes API server speaks them."""
