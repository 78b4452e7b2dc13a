"""Cameras, microphones and the rings that hold their last seconds."""
