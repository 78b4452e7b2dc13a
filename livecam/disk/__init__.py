"""Files of ours in folders that others use too: whole or not at all, and nobody else's touched."""
