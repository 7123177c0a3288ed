"""The interval of a calibration error, whose estimate is biased upward.

ECE is a sum of |gap| over bins. Bin b's observed gap is g_b + s_b Z, and E|g + s Z| >= |g|: noise adds most where
the true gaps are small (for a calibrated model, sqrt(2 / pi) s_b a bin). An interval is therefore found by asking
which true sums would give the observed one, with mean and variance of folded normals (Leone et al. 1961):

    low   the true gaps are the observed ones, those that noise explains taken away (soft threshold)
    high  the true gaps lie where noise adds least to them: all at the same multiple of their errors
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from robustcheck.stats.resampling import unit_index
from robustcheck.stats.statistics import Floats, calibration_gaps
from robustcheck.values import Samples

_STEPS = 800
_FURTHEST = 8.0


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """A calibration error with its bias taken off, and its interval at any level."""

    debiased: float
    interval: Callable[[float], tuple[float, float]]


def calibration_error(samples: Samples) -> CalibrationError | None:
    """Return the calibration error behind the samples, or None where the gaps show no variance."""
    sizes, errors = _gaps(samples)
    if not errors.any():
        return None
    # A bin without spread is known as it is; so small an error keeps the arithmetic finite.
    errors = np.maximum(errors, errors.max() * 1e-6)
    observed, thresholds = float(sizes.sum()), np.linspace((sizes / errors).max(), 0, _STEPS)
    below = _Family(np.maximum(sizes - thresholds[:, None] * errors, 0), errors)
    spread = float(np.sqrt((errors**2).sum()))
    multiples = np.linspace(0, (observed + _FURTHEST * spread) / errors.sum(), _STEPS)
    above = _Family(multiples[:, None] * errors, errors)

    def interval(level: float) -> tuple[float, float]:
        z = NormalDist().inv_cdf(0.5 + level / 2)
        # Where even a calibrated model would show more, the true sum is not known better than one error.
        return below.truth_at(observed, z), min(1.0, max(above.truth_at(observed, -z), spread))

    return CalibrationError(below.truth_at(observed, 0.0), interval)


def _gaps(samples: Samples) -> tuple[Floats, Floats]:
    """Return |share of the gap| of each bin that has samples, and its standard error."""
    gaps, index = calibration_gaps(samples)
    bins = np.unique(index, return_inverse=True)[1]
    count, n = int(bins.max()) + 1, gaps.size
    sums = np.bincount(bins, weights=gaps)
    # Of the units that were sampled, clusters or rows, each has its sum in each bin.
    pairs, place = np.unique(unit_index(samples) * count + bins, return_inverse=True)
    squares = np.bincount(pairs % count, weights=np.bincount(place, weights=gaps) ** 2, minlength=count)
    units = int(pairs.max()) // count + 1
    return np.abs(sums) / n, np.sqrt(np.maximum(squares - sums**2 / units, 0)) / n


class _Family:
    """Sets of true gaps with a growing sum, and the mean and spread of the sum that each would show."""

    def __init__(self, gaps: Floats, errors: Floats) -> None:
        from scipy.special import ndtr

        ratio = gaps / errors
        noise = errors * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
        means = noise + gaps * (1 - 2 * ndtr(-ratio))
        self._truths = gaps.sum(axis=1)
        self._means = means.sum(axis=1)
        self._spreads = np.sqrt(np.maximum(gaps**2 + errors**2 - means**2, 0).sum(axis=1))

    def truth_at(self, observed: float, z: float) -> float:
        """Return the sum of the true gaps that would show what was observed, z spreads from the mean."""
        shown = np.maximum.accumulate(self._means + z * self._spreads)
        return float(np.interp(observed, shown, self._truths))
