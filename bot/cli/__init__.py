"""The machi command."""
