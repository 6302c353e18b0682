"""Data: reading, composing and generating samples."""
