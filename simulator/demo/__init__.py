"""What `make run` starts: the simulator with sample residents, and the whole service beside it."""
