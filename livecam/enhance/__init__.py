"""A better key photo than any single frame: the frames around it, laid over each other."""
