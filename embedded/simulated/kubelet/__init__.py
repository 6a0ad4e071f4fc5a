"""A kubelet that starts nothing: for each pod a node has, it reports what a kubelet would report.

The image decides what happens, as do two annotations of the pod:

- an image with `missing` in its name cannot be pulled (ErrImagePull, then ImagePullBackOff);
- a container whose image has `crash` in its name exits with code 1, again and again (CrashLoopBackOff);
- an init container does so where its image has `crashinit` in its name, and succeeds otherwise;
- every other container runs and is ready; of a pod that is not restarted (a Job's) it then exits with code 0;
- `simulated.reprise.dev/init-delay` and `simulated.reprise.dev/start-delay` (seconds) say how long each init container
  runs, and how long the others take from there to ready.
"""
