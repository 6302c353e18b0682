"""Measurement: figures of what is read, with tables and plots."""
