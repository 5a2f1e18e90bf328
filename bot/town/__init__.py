"""A town's folder, read and proved."""
