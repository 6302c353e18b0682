"""What the claims about speed rest on: each module prints ratios measured in one run."""
