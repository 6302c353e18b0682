"""The eyes: what handwriting on paper looks like to a camera, and the network that finds it."""
