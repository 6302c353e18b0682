"""Networks: what serves them, and what their outputs mean."""
