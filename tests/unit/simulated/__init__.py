"""The simulated cluster's own behaviour: what a contract that also holds for real clusters cannot ask for."""
