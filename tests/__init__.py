"""Tests of Inkling; none needs data from outside."""
