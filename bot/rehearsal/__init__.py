"""A time to come, proved in advance: every notice with its message and audience, and whom it would burden."""
