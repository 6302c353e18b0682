"""The line reader's training: composed lines, the network, and its figures."""
