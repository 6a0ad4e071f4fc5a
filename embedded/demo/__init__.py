"""The demonstration: walks an instance through failure, clean-up and retry on real parts, and checks what happened."""
