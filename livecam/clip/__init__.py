"""Moments, cut out of the rings."""
