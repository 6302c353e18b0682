"""Fitting: a loop with checkpoints, samples made beside it, and what a run leaves behind."""
