"""Training of the eyes: generated pictures of handwriting, and the network that finds it."""
