"""The conversation: one module for each thing a resident can do."""
