"""Watches the cluster, compares it with the rows, and says what differs."""
