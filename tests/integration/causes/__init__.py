"""Every row of docs/failures.md comes about on a cluster, and is told as the row says."""
