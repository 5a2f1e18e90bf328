"""The town's home page: its news feed, read and told."""
