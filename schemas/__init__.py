"""What is said between the parts and to the outside: events, requests, answers, settings and errors."""
