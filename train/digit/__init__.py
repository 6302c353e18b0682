"""Networks of single digits: recipes, runs, calibration, and shipping."""
