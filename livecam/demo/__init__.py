"""A camera that draws a person: the demo, and the ground truth of the tests."""
