"""Many files at once: picking from them and exporting them, here or on a cluster."""
