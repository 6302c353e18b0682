"""The networks of single digits: recipes, runs, calibration, and shipping."""
