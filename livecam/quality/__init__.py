"""Faces measured, frames scored, the key frame chosen."""
