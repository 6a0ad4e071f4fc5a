"""Everything `reprise up` runs on one machine: PostgreSQL, NATS, a simulated cluster and Reprise's own parts."""
