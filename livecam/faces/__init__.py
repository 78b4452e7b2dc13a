"""The networks that look for faces: which there are, what runs them, and the model they come in."""
