"""Measuring: figures of what is read, and tables and plots of them."""
