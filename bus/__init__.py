"""Transport over NATS JetStream: streams, the relay, facts, dead letters. What is lost here is sent again."""
