"""One run from an open camera to the last saved moment: what happens between press and file."""
