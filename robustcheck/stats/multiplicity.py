"""Many tests at once. Source: Benjamini & Hochberg 1995 (valid where the tests are positively correlated)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return adjusted p values: those of at most q are a set with a false discovery rate of at most q.

    Of K p values in ascending order, the i-th becomes the smallest of p_j K / j over j >= i.

    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.005])
    (0.02, 0.04, 0.04, 0.02)
    """
    # The set {p <= t} has p K / i as its estimated rate of false discoveries: K t expected under the null, i found.
    # The smallest rate over all larger thresholds makes it grow with p.
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)[::-1]
    scaled = p[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return tuple(adjusted.tolist())
