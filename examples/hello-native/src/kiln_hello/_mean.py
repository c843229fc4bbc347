from __future__ import annotations

from array import array

from ._sums import total


def mean(values: array[float] | memoryview) -> float:
    """The arithmetic mean of a buffer of doubles, from a compensated sum."""
    count = len(values)
    if count == 0:
        raise ValueError("mean of no values")
    return total(values) / count
