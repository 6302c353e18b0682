"""Augmentation: samples as other hands and other pens might have written them."""
