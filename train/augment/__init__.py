"""Augmentation: variations of samples, as by other hands and other pens."""
