"""Readings of very many files, on one machine or a cluster, that can be interrupted and resumed.

A run has a folder. It lists the files once, divides the list into parts, and writes the readings of
each part as one Parquet file. A part's file is complete or missing, so a run that was killed goes
on with the missing parts: each file is in the result once.
"""

from .cluster import check_address, read_on_cluster
from .errors import BatchError
from .local import read_here
from .run import PART, Asked, Run, opened, summary

__all__ = [
    "PART",
    "Asked",
    "BatchError",
    "Run",
    "check_address",
    "opened",
    "read_here",
    "read_on_cluster",
    "summary",
]
