"""Training of the line reader: composed lines, the network, and its figures."""
