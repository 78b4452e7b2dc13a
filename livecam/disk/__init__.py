"""Our files in folders that others use too: whole or not at all, and never touching theirs."""
