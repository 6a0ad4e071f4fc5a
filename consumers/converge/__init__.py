"""Drives cluster and database of one instance to what its row wants, whatever command made it look."""
