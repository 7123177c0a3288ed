"""How well scores separate two sides: the statistics of out-of-distribution detection.

auroc        scores, higher is more in-distribution; group -1 is in-distribution, others are not
group_auroc  the unweighted mean of auroc over the out-of-distribution groups
fpr95        the share of out-of-distribution samples accepted where 95% of the others are
group_fpr95  its unweighted mean over the out-of-distribution groups

Sources: DeLong et al. 1988 with the logit transform (Pepe 2003); Obuchowski 1997 (clustered AUROC).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import final

import numpy as np

from robustcheck.errors import DataError
from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.detection import auroc, auroc_components, group_weights, threshold_at_95
from robustcheck.stats.proportions import ROUNDING, Interval, IntervalAt, clopper_pearson_interval, z_value
from robustcheck.stats.resampling import DRAWS, Counted
from robustcheck.stats.sampling import Expansion, Floats, Ints, refuse_groups_of_one, split_by
from robustcheck.stats.statistic import Spread, Statistic, normal_difference, require_scores
from robustcheck.values import Samples

IN_DISTRIBUTION = -1


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """The two sides of a detection: rows and scores of each; classes (None when pooled) and weights of OOD."""

    id_rows: Ints
    ood_rows: Ints
    id_scores: Floats
    ood_scores: Floats
    classes: Ints | None
    weights: Floats


@dataclass(frozen=True)
class Separation(Statistic):
    """A statistic of two sides; ``by_class`` averages it over the classes of the out-of-distribution side."""

    by_class: bool = False

    def sides(self, samples: Samples) -> Sides:
        """Split the samples into in-distribution (group -1) and out-of-distribution ones."""
        require_scores(samples)
        inside = samples.groups == IN_DISTRIBUTION
        id_rows, ood_rows = np.flatnonzero(inside), np.flatnonzero(~inside)
        if not id_rows.size or not ood_rows.size:
            raise DataError(
                f"{id_rows.size} in-distribution and {ood_rows.size} other samples", expected="some of each"
            )
        classes = samples.groups[ood_rows] if self.by_class else None
        ood_scores = samples.scores[ood_rows]
        weights = group_weights(ood_scores, classes)
        return Sides(id_rows, ood_rows, samples.scores[id_rows], ood_scores, classes, weights)

    def strata(self, samples: Samples) -> Ints:
        """Keep the sizes of the two sides, and of the classes where these are averaged."""
        return samples.groups if self.by_class else np.asarray(samples.groups == IN_DISTRIBUTION, dtype=np.int64)

    def independent(self, samples: Samples) -> int:
        """Count the samples of the smaller side."""
        inside = int((samples.groups == IN_DISTRIBUTION).sum())
        return min(inside, samples.scores.size - inside)


@final
@dataclass(frozen=True)
class Auroc(Separation):
    """The probability that an in-distribution sample scores above another one."""

    def value(self, samples: Samples) -> float:
        """Return the AUROC, or its mean over classes."""
        sides = self.sides(samples)
        return auroc(sides.id_scores, sides.ood_scores, sides.classes)

    def influence(self, samples: Samples) -> Floats:
        """Return DeLong's components, centred; sum I^2 is his variance, so n - 1 where other influences have n.

        Var = S10 / m + S01 / n with S = sum (V - mean)^2 / (n - 1): each sample's part of it is the square of
        (V - mean) / sqrt(n (n - 1)). With classes, V01 is centred within its class.
        """
        sides = self.sides(samples)
        above_ood, above_id = auroc_components(sides.id_scores, sides.ood_scores, sides.classes)
        classes = np.zeros(above_id.size, dtype=np.int64) if sides.classes is None else sides.classes
        index, sizes = np.unique(classes, return_inverse=True, return_counts=True)[1:]
        m = above_ood.size
        if m < 2 or sizes.min() < 2:
            raise DataError(
                "a side or class of one sample: the AUROC has no variance",
                expected="at least two samples",
                fix="use a data set with more images of each class",
            )
        means = np.bincount(index, weights=above_id) / sizes
        parts = np.empty(m + above_id.size)
        parts[sides.id_rows] = (above_ood - above_ood.mean()) / np.sqrt(m * (m - 1))
        parts[sides.ood_rows] = sides.weights * np.sqrt(sizes / (sizes - 1))[index] * (above_id - means[index])
        return parts

    def intervals(self, samples: Samples, seed: int) -> IntervalAt:
        """Return the intervals of DeLong's variance on the logit scale."""
        value, error = self.value(samples), sqrt(self.covariance(samples, samples))
        n = self.independent(samples)
        return lambda level: auroc_interval(value, error, n, level)

    def difference(self, first: Samples, second: Samples, spread: Spread) -> IntervalAt:
        """Return normal intervals: the standard error is that of DeLong's paired test."""
        return normal_difference(self, first, spread)


def auroc_interval(value: float, error: float, n: int, level: float = 0.95) -> Interval:
    """Return the interval of an AUROC from its standard error, symmetric on the logit scale.

    logit(a) +- z s / (a (1 - a)), which stays inside [0, 1]: the delta method, since d logit(a) = da / (a (1 - a)).
    Where nothing overlaps there is no variance to see, and the exact interval of a proportion of ``n``, the
    samples of the smaller side, stands in.

    >>> [round(bound, 4) for bound in auroc_interval(0.825, 0.15, 4)]
    [0.3809, 0.9731]
    """
    if error <= ROUNDING:
        return clopper_pearson_interval(round(value * n), n, level)
    logit = axis_by_name("logit")
    centre, half = logit.forward(value), z_value(level) * error * logit.slope(value)
    return logit.inverse(centre - half), logit.inverse(centre + half)


@final
@dataclass(frozen=True)
class FalsePositives(Separation):
    """The share of the other side that is accepted where 95% of the in-distribution side is."""

    def value(self, samples: Samples) -> float:
        """Return the false positive rate, or its mean over classes."""
        sides = self.sides(samples)
        return float(sides.weights @ (sides.ood_scores >= threshold_at_95(sides.id_scores)))

    def is_fraction(self, samples: Samples) -> bool:
        """Say yes, whatever the scores are."""
        return True

    def expansion(self, samples: Samples) -> Expansion:
        """Return the expansion: the variance of classes is right one by one."""
        units = self.units(samples)
        return Expansion(1.0, units.freedom) if self.by_class else units.expansion

    def influence(self, samples: Samples) -> Floats:
        """Return each sample's part: an OOD sample adds its own acceptance, an ID sample moves the threshold.

        FPR(t) with t the 5% quantile of ID: dFPR = -f_ood dt and dt = -d F_id(t) / f_id, so an ID sample's part is
        (f_ood / f_id) ([s < t] - mean) / m, and f_ood / f_id is the slope of the ROC curve at TPR .95.
        """
        sides = self.sides(samples)
        threshold = threshold_at_95(sides.id_scores)
        accepted = (sides.ood_scores >= threshold).astype(np.float64)
        classes = np.zeros(accepted.size, dtype=np.int64) if sides.classes is None else sides.classes
        index = np.unique(classes, return_inverse=True)[1]
        rates = np.bincount(index, weights=accepted) / np.bincount(index)
        below = (sides.id_scores < threshold).astype(np.float64)
        parts = np.empty(below.size + accepted.size)
        parts[sides.id_rows] = _roc_slope(sides) * (below - below.mean()) / below.size
        sizes, made_up = np.bincount(index), np.ones(1)
        if self.by_class:
            refuse_groups_of_one(sizes)
            made_up = np.sqrt(sizes / (sizes - 1))
        parts[sides.ood_rows] = sides.weights * np.broadcast_to(made_up, sizes.shape)[index] * (accepted - rates[index])
        return parts

    def counted(self, samples: Samples) -> Counted | None:
        """Return the rate of how often each sample is drawn."""
        sides = self.sides(samples)
        id_order, ood_order = np.argsort(-sides.id_scores), np.argsort(-sides.ood_scores)
        # How many OOD samples are at or above each ID score, both in descending order.
        accepted = np.searchsorted(-sides.ood_scores[ood_order], -sides.id_scores[id_order], side="right")

        def statistic(counts: Ints) -> Floats:
            found = np.cumsum(counts[:, sides.id_rows[id_order]], axis=1)
            place = (found >= -(-95 * found[:, -1:] // 100)).argmax(axis=1)
            mass = np.cumsum(counts[:, sides.ood_rows[ood_order]] * sides.weights[ood_order], axis=1)
            taken = np.take_along_axis(mass, np.maximum(accepted[place] - 1, 0)[:, None], axis=1)[:, 0]
            # A replicate in which no unit of the other side is keeps the value.
            rates = np.full(taken.shape, self.value(samples))
            np.divide(np.where(accepted[place] > 0, taken, 0.0), mass[:, -1], out=rates, where=mass[:, -1] > 0)
            return rates

        return statistic

    def replicates(self, samples: Samples, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
        """Draw the threshold and what it accepts from their exact bootstrap distributions.

        The k-th largest of m resampled scores is the score at place floor(m U), U the k-th smallest of m
        uniform numbers: Beta(k, m + 1 - k). Given it, the accepted of each class are binomial.
        """
        if samples.clusters is not None:
            return super().replicates(samples, rng, draws)
        sides = self.sides(samples)
        m = sides.id_scores.size
        kept = -(-95 * m // 100)
        place = np.minimum((m * rng.beta(kept, m + 1 - kept, size=draws)).astype(np.int64), m - 1)
        thresholds = np.sort(sides.id_scores)[::-1][place]
        classes = np.zeros(sides.ood_scores.size, dtype=np.int64) if sides.classes is None else sides.classes
        strata = split_by(np.unique(classes, return_inverse=True)[1])
        if self.by_class:
            refuse_groups_of_one(np.array([stratum.size for stratum in strata]))
        rates = np.zeros(draws)
        for stratum in strata:
            ranked, n = np.sort(sides.ood_scores[stratum]), stratum.size
            share = 1 - np.searchsorted(ranked, thresholds, side="left") / n
            # n draws show (n - 1) / n of the variance of n samples, which counts where classes are small.
            rates += share + (rng.binomial(n, share) / n - share) * (sqrt(n / (n - 1)) if self.by_class else 1)
        return rates / len(strata)


def _roc_slope(sides: Sides) -> float:
    """Return the rise of the FPR over TPR .95 +- h; h = m^(-1/3), at most .04, trades the slope's bias for noise."""
    m = sides.id_scores.size
    reach = min(0.04, m ** (-1 / 3))
    ranked = np.sort(sides.id_scores)
    places = np.clip(np.round(m * np.array([0.05 - reach, 0.05 + reach])).astype(np.int64), 0, m - 1)
    loose, strict = (float(sides.weights @ (sides.ood_scores >= ranked[place])) for place in places)
    return (loose - strict) * m / max(1, int(places[1] - places[0]))


AUROC = Auroc("auroc")
GROUP_AUROC = Auroc("group_auroc", by_class=True)
FPR95 = FalsePositives("fpr95")
GROUP_FPR95 = FalsePositives("group_fpr95", by_class=True)
