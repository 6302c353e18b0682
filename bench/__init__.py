"""Benchmarks behind the claims about speed. Each module prints ratios measured in one run."""
