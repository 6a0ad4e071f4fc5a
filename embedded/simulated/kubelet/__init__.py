"""A kubelet that starts nothing: for each pod a node has, it reports what a kubelet would report.

What is in the name of its image decides what becomes of a container:

- `missing`: it cannot be pulled (ErrImagePull, then ImagePullBackOff);
- `invalid`: it is no name of an image (InvalidImageName);
- `asroot`: it knows no user but root, which a container may not be (CreateContainerConfigError);
- `crash`: it exits with code 1, again and again (CrashLoopBackOff), and its last words are told to who asks for them;
- `crashinit`: an init container does so; otherwise init containers succeed;
- `oomkill`: it is killed for its memory (OOMKilled, code 137), again and again;
- `unready`: it runs, and its readiness probe fails;
- `init-20s` and `start-20s`: as an init container or in a Job it runs so long, and it takes so long to start;
- anything else: it runs and is ready; in a pod that is not restarted (a Job's) it then exits with code 0.

A node annotated `simulated.reprise.dev/silent` has a kubelet that is not heard of. The kubelets that are played for a
real control plane in the tests (tests/controlplane/program/kubelet) do the same by the same names.
"""
