"""Many files at once: picking from them, making others of them, here or on a cluster."""
