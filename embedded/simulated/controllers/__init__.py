"""The control loops of a cluster, each driven by changes and never by a clock alone."""
