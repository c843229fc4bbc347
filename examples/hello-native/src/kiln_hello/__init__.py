"""Sums and dot products of doubles that do not lose small numbers beside large ones."""

from ._mean import mean
from ._sums import dot, log_sum_exp, total

__all__ = ["__version__", "dot", "log_sum_exp", "mean", "total"]

__version__ = "1.0.0"
