"""What Reprise needs of a cluster, stated once: the simulated one and real ones have to pass the same tests.

With KUBECONFIG set the suite runs against that cluster, in namespaces of its own that it removes again.
"""
