"""Movies, photos and records, written to disk."""
