"""Photos and movies that already exist: what they are, and who would take them."""
