"""The calibration errors ``ece`` and ``ece_mass``: scores are confidences, ``correct`` says which are right.

ECE is a sum of |gap| over bins. Bin b's observed gap is g_b + s_b Z, and E|g + s Z| >= |g|: noise adds most where
the true gaps are small (for a calibrated model, sqrt(2 / pi) s_b a bin). An interval is therefore found by asking
which true sums would give the observed one, with the first three moments of folded normals (Leone et al. 1961):

    low   the true gaps are the observed ones, those that noise explains taken away (soft threshold)
    high  the true gaps lie where noise adds least to them: all at the same multiple of their errors

A bin's error follows from its true gap and not from what was seen: with confidences c and a mean gap d each answer is
right with probability c - d, so that the bin's right answers vary with sum (c - d) (1 - c + d) =
sum c (1 - c) + n d (2 mean c - 1) - n d^2. So a bin in which all answers happened to be right is not known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Protocol, final

import numpy as np

from robustcheck.stats.calibration import ece, ece_mass, mass_bins, width_bins
from robustcheck.stats.differences import Estimated, difference_intervals
from robustcheck.stats.ends import IntervalsInRow
from robustcheck.stats.proportions import ROUNDING, Interval, IntervalAt, z_value
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
        bins = self._bins_of(samples)
        if not bins.vary:
            return None
        errors, observed = bins.scales, float(bins.gaps.sum())
        # From just above the largest, which rounding must not leave a gap.
        thresholds = np.linspace((bins.gaps / errors).max() * (1 + ROUNDING), 0, _STEPS)
        gaps = np.maximum(bins.gaps[:, None] - np.multiply.outer(errors, thresholds), 0)
        below = _Family(gaps, bins.errors_at(gaps))
        spread = float(np.sqrt((errors**2).sum()))
        multiples = np.linspace(0, (observed + _FURTHEST * spread) / errors.sum(), _STEPS)
        gaps = np.multiply.outer(errors, multiples)
        above = _Family(gaps, bins.errors_at(gaps))
        return Debiased(below.mean_truth(observed), _Searched(observed, below, above, spread))

    def _bins_of(self, samples: Samples) -> _Bins:
        """Return what is known of each bin that has samples."""
        gaps, index = self.gaps(samples)
        bins = _counted_from_0(index)
        count, n = int(bins.max()) + 1, gaps.size
        sums = np.bincount(bins, weights=gaps)
        units, squares = n, np.bincount(bins, weights=gaps**2)
        if samples.clusters is not None:
            # Of the units that were sampled each has its sum in each bin.
            pairs, place = np.unique(unit_index(samples) * count + bins, return_inverse=True)
            squares = np.bincount(pairs % count, weights=np.bincount(place, weights=gaps) ** 2, minlength=count)
            units = int(pairs.max()) // count + 1
        variances = squares - sums**2 / units
        # A difference of two nearly equal sums is rounding.
        variances[variances <= ROUNDING * squares] = 0
        # Clusters vary more than their samples would by themselves; a calibrated model's would too.
        design = max(1.0, float(squares.sum() / max(float(gaps @ gaps), ROUNDING)))
        sizes = np.bincount(bins).astype(np.float64)
        sure = np.bincount(bins, weights=samples.scores) / sizes
        binomial = np.bincount(bins, weights=samples.scores * (1 - samples.scores))
        return _Bins(np.abs(sums) / n, np.sign(sums), sizes / n, sure, binomial / n, variances / n**2, design / n)


@dataclass(frozen=True, slots=True, eq=False)
class _Bins:
    """What is known of each bin (B,): |share of the gap| and its sign, share of the samples, mean confidence.

    ``binomial`` is the share's sum of c (1 - c), ``seen`` the sample variance of the gap; ``design`` over n is the
    variance of a share that has a sum of 1.
    """

    gaps: Floats
    signs: Floats
    shares: Floats
    confidence: Floats
    binomial: Floats
    seen: Floats
    design: float

    @property
    def vary(self) -> bool:
        """Whether any bin shows a variance, or would if the model were calibrated."""
        return bool(self.seen.any() or self.binomial.any())

    @property
    def scales(self) -> Floats:
        """Return the larger of each bin's errors (B,), as it was seen and as a calibrated model has it."""
        return np.asarray(np.sqrt(np.maximum(np.maximum(self.seen, self.design * self.binomial), self._least)))

    def errors_at(self, gaps: Floats) -> Floats:
        """Return the errors (B, k) where the shares of the true gaps are these (B, k)."""
        return np.asarray(np.sqrt(np.maximum(self._variances_at(gaps) + self._more, self._least)))

    def _variances_at(self, gaps: Floats) -> Floats:
        slopes, shares = self.signs * (2 * self.confidence - 1), self.shares
        moved = gaps * slopes[:, None] - gaps * gaps / shares[:, None]
        return np.maximum(self.design * (self.binomial[:, None] + moved), 0)

    @property
    def _more(self) -> Floats:
        """Return by how much more each bin (B, 1) varied than one gap for all of its samples would have it."""
        return np.maximum(self.seen[:, None] - self._variances_at(self.gaps[:, None]), 0)

    @property
    def _least(self) -> float:
        """Return the variance of half a count, which no bin is known better than."""
        return (0.5 * self.design) ** 2


class _Family:
    """Sets of true gaps (B, m) with a growing sum, and the distribution of the sum that each of the m would show."""

    def __init__(self, gaps: Floats, errors: Floats) -> None:
        from scipy.special import erf

        # |g + s Z| is a folded normal: with E = s sqrt(2/pi) exp(-g^2 / 2s^2) and P = 1 - 2 Phi(-g/s) its mean is
        # E + g P, its second moment g^2 + s^2 and its third (g^2 + 2 s^2) E + g (g^2 + 3 s^2) P.
        ratio = gaps / (errors * sqrt(2))
        noise, sure = errors * (sqrt(2 / pi) * np.exp(-ratio * ratio)), gaps * erf(ratio)
        own = errors * errors
        first, second = noise + sure, gaps * gaps + own
        third = (second + own) * noise + (second + 2 * own) * sure
        variances = np.maximum(second - first * first, 0).sum(axis=0)
        self._truths = gaps.sum(axis=0)
        self._means = first.sum(axis=0)
        self._spreads = np.sqrt(variances)
        # What is left of rounding where nothing varies has no shape.
        skews = (third - 3 * first * second + 2 * first**3).sum(axis=0) / np.maximum(variances, 1e-300) ** 1.5
        self._skewed = _Skewed(skews)

    def truths_at(self, observed: float, z: Floats) -> Floats:
        """Return the sums of the true gaps (k,) that would show what was observed, z spreads (k,) off the mean."""
        shown = self._skewed.quantiles(z)
        shown *= self._spreads
        shown += self._means
        return crossings(observed, shown, self._truths)

    def mean_truth(self, observed: float) -> float:
        """Return the sum of the true gaps that would show what was observed in the mean."""
        return float(crossings(observed, self._means[None], self._truths)[0])


class _Skewed:
    """Distributions with mean 0, variance 1 and these skews.

    Those of a gamma distribution, by Wilson and Hilferty (1931): its cube root is nearly normal.
    """

    def __init__(self, skews: Floats) -> None:
        self._skews = np.clip(skews, 1e-4, 2.0)

    def quantiles(self, z: Floats) -> Floats:
        """Return the quantiles (k, m) at Phi(z) of each of the m distributions."""
        # With skew s they are 2/s ((1 + w)^3 - 1), w = s z/6 - s^2/36: with u = 2w/s that is u (3 + w (3 + w)), without
        # the difference of nearly equal numbers. The root 1 + w is not below 0.
        u = np.maximum(np.subtract.outer(z / 3, self._skews / 18), -2 / self._skews)
        w = u * (self._skews / 2)
        found = w + 3
        found *= w
        found += 3
        found *= u
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Searched(IntervalsInRow):
    """The intervals between the true sums that would show what was observed."""

    observed: float
    below: _Family
    above: _Family
    spread: float

    def ends_at(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Return the lower and the upper ends (k,)."""
        z = np.array([z_value(level) for level in levels])
        # Where even a calibrated model would show more, the true sum is not known better than one error.
        highs = np.maximum(self.above.truths_at(self.observed, -z), self.spread)
        return self.below.truths_at(self.observed, z), np.minimum(highs, 1.0)


def crossings(level: float, curves: Floats, places: Floats) -> Floats:
    """Return where curves (k, m) over places (m,) first rise above a level, on straight lines; shape (k,).

    A curve that dips counts as if it stayed at its highest so far. One that begins above the level has the first
    place, one that never rises above it the last.

    >>> curves = np.array([[0.0, 1.0, 3.0], [5.0, 6.0, 7.0], [0.0, 0.0, 1.0]])
    >>> crossings(2.0, curves, np.array([0.0, 1.0, 2.0])).tolist()
    [1.5, 0.0, 2.0]
    """
    is_above = curves > level
    after = is_above.argmax(axis=1)
    before = np.maximum(after - 1, 0)
    starts = np.arange(len(curves)) * places.size
    above = curves.ravel()[starts + after]
    # The highest up to there, of every other part. Where the curve begins above, or never is, any line will do.
    highest = np.maximum.reduceat(curves.ravel(), np.column_stack([starts, starts + after]).ravel())[::2]
    highest = np.where(after > 0, highest, above - 1)
    found = (places[after] - places[before]) / (above - highest) * (level - highest) + places[before]
    return np.asarray(np.where(after > 0, found, np.where(is_above[:, 0], places[0], places[-1])))


def _counted_from_0(index: Ints) -> Ints:
    """Return indices (n,) counted without gaps, in the same order."""
    shifted = index - index.min()
    return np.asarray((np.cumsum(np.bincount(shifted) > 0) - 1)[shifted])


ECE = CalibrationError("ece")
ECE_MASS = CalibrationError("ece_mass", error=ece_mass, bins_of=mass_bins)
