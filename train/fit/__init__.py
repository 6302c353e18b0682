"""Fitting: networks, recipes, runs, calibration, and shipping a model."""
