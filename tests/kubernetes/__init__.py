"""What only a real control plane can show: its words, its refusals, its failures."""
