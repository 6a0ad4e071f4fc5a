"""What is kept: instances, the audit log and the outbox in PostgreSQL, all written by one function."""
