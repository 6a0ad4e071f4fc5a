"""The simulated cluster as a process: what survives its end, how fast and how small it is."""
