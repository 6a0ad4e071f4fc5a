"""What Reprise needs of a cluster, stated once: the simulated one and real ones have to pass the same tests.

With --cluster=kubernetes the suite runs against a real control plane: the one that KUBECONFIG names, in namespaces of
its own that it removes again, or one made for it (tests/controlplane).
"""
