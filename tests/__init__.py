"""Tests of Inkling. They need no external data."""
