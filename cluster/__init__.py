"""What Reprise does in a Kubernetes cluster: one client and one set of manifests for real and simulated ones."""
