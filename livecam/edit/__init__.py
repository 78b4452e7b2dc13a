"""New files from photos and movies that already exist; those themselves are never changed."""
