"""The conversation: one module for each thing a resident can do. Event in, replies out, no I/O of its own."""
