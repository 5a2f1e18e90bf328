"""What the service publishes for programs of others to read."""
