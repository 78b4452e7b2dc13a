"""Photos and movies that already exist: what they are, and which programs accept them."""
