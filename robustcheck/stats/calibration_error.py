"""The calibration errors ``ece`` and ``ece_mass``: scores are confidences, ``correct`` says which are right.

ECE is a sum of |gap| over bins. Bin b's observed gap is g_b + s_b Z, and E|g + s Z| >= |g|: noise adds most where
the true gaps are small (for a calibrated model, sqrt(2 / pi) s_b a bin). An interval is therefore found by asking
which true sums would give the observed one, with mean and variance of folded normals (Leone et al. 1961):

    low   the true gaps are the observed ones, those that noise explains taken away (soft threshold)
    high  the true gaps lie where noise adds least to them: all at the same multiple of their errors
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Protocol, final

import numpy as np

from robustcheck.stats.calibration import ece, ece_mass, mass_bins, width_bins
from robustcheck.stats.differences import Estimated, difference_intervals
from robustcheck.stats.proportions import ROUNDING, Interval, IntervalAt
from robustcheck.stats.sampling import Floats, Ints, unit_index
from robustcheck.stats.statistic import Spread, Statistic, normal_difference, require_scores
from robustcheck.values import Samples

_STEPS = 800
_FURTHEST = 8.0


class ErrorOverBins(Protocol):
    """A calibration error of confidences and of 1.0 where they are right, over so many bins."""

    def __call__(self, confidence: Floats, correct: Floats, *, bins: int) -> float: ...


@dataclass(frozen=True, slots=True)
class Debiased:
    """A calibration error with its bias taken off, and its interval at any level."""

    value: float
    interval: IntervalAt


@final
@dataclass(frozen=True)
class CalibrationError(Statistic):
    """A calibration error: ``error`` is its formula, ``bins_of`` puts confidences into bins."""

    column: str = "correct"
    error: ErrorOverBins = ece
    bins_of: Callable[[Floats, int], Ints] = width_bins

    def value(self, samples: Samples) -> float:
        """Return the mean distance of confidence and accuracy over the bins."""
        require_scores(samples)
        return self.error(samples.scores, self.further_column(samples), bins=samples.bins)

    def gaps(self, samples: Samples) -> tuple[Floats, Ints]:
        """Return each sample's confidence minus its correctness, and its bin; both (n,).

        Bins are those of the data in hand: they stay as they are when the data are resampled.
        """
        require_scores(samples)
        return samples.scores - self.further_column(samples), self.bins_of(samples.scores, samples.bins)

    def influence(self, samples: Samples) -> Floats:
        """Return the influence of each sample (n,), given its bin.

        ECE = sum_b |G_b| / n with G_b the sum of the gaps in bin b, so that one more gap g in b adds
        (sign(G_b) g - ECE) / n.
        """
        gaps, index = self.gaps(samples)
        sums = np.bincount(index, weights=gaps)
        return np.asarray((np.sign(sums)[index] * gaps - np.abs(sums).sum() / gaps.size) / gaps.size)

    def intervals(self, samples: Samples, seed: int) -> IntervalAt:
        """Return the intervals with the upward bias taken off."""
        value, known = self.value(samples), self.debiased(samples)
        if known is not None:
            return known.interval

        def interval(level: float) -> Interval:
            unseen = self.unseen(samples, level)
            return max(0.0, value - unseen), min(1.0, value + unseen)

        return interval

    def difference(self, first: Samples, second: Samples, spread: Spread) -> IntervalAt:
        """Join the two intervals without bias: that of a difference is the less calibrated one's, the smaller."""
        then, now = self.debiased(first), self.debiased(second)
        if then is None or now is None or spread.error <= ROUNDING:
            return normal_difference(self, first, spread)
        variances = self.covariance(first, first) * self.covariance(second, second)
        correlation = self.covariance(first, second) / sqrt(variances)
        parts = [Estimated(each.value, each.interval) for each in (now, then)]
        return difference_intervals(parts[0], parts[1], correlation)

    def debiased(self, samples: Samples) -> Debiased | None:
        """Return the error behind the samples, or None where the gaps show no variance."""
        sizes, errors = self._gaps_of_bins(samples)
        if not errors.any():
            return None
        # A bin without spread is known as it is; so small an error keeps the arithmetic finite.
        errors = np.maximum(errors, errors.max() * 1e-6)
        observed, thresholds = float(sizes.sum()), np.linspace((sizes / errors).max(), 0, _STEPS)
        below = _Family(np.maximum(sizes - thresholds[:, None] * errors, 0), errors)
        spread = float(np.sqrt((errors**2).sum()))
        multiples = np.linspace(0, (observed + _FURTHEST * spread) / errors.sum(), _STEPS)
        above = _Family(multiples[:, None] * errors, errors)

        def interval(level: float) -> Interval:
            z = NormalDist().inv_cdf(0.5 + level / 2)
            # Where even a calibrated model would show more, the true sum is not known better than one error.
            return below.truth_at(observed, z), min(1.0, max(above.truth_at(observed, -z), spread))

        return Debiased(below.truth_at(observed, 0.0), interval)

    def _gaps_of_bins(self, samples: Samples) -> tuple[Floats, Floats]:
        """Return |share of the gap| of each bin that has samples, and its standard error."""
        gaps, index = self.gaps(samples)
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

        # |g + s Z| is a folded normal: mean s sqrt(2/pi) exp(-g^2 / 2s^2) + g (1 - 2 Phi(-g/s)), second
        # moment g^2 + s^2.
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


ECE = CalibrationError("ece")
ECE_MASS = CalibrationError("ece_mass", error=ece_mass, bins_of=mass_bins)
