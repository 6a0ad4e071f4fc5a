"""A real Kubernetes control plane for tests: etcd, API server, controllers and scheduler, as plain processes.

There is no container runtime: one more process plays the kubelets of all nodes, and one the storage provisioner. What
becomes of a pod is decided by the name of its image, as in the simulated cluster (embedded/simulated/kubelet).

    python -m tests.controlplane     starts one, says where its kubeconfig is, and stops it at Ctrl-C
"""
