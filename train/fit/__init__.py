"""Fitting: the loop with its checkpoints, samples made in parallel, and the files of a run."""
