"""Signed checkpoints over the ends of all trails, kept outside the database: what its owner did to them is found."""
