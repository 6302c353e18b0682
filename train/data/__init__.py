"""Data: what samples are read from, composed of, and drawn by chance."""
