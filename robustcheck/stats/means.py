"""Means and combinations of group means: sum_g w_g (A_g / B_g), with sums A_g and B_g over a group.

mean          A the scores, B counts, one group
group_mean    the unweighted mean over groups of their mean scores (sizes fixed by design)
weighted_sum  A = score x weight, B counts, w_g the sizes: the plain sum of A, with sizes fixed by design
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from robustcheck.errors import DataError
from robustcheck.stats.proportions import is_binary, z_value
from robustcheck.stats.sampling import Expansion, Floats, Ints, refuse_groups_of_one
from robustcheck.stats.statistic import Statistic, require_scores
from robustcheck.values import Samples


@dataclass(frozen=True, slots=True, eq=False)
class GroupRatios:
    """The statistic sum_g weights_g values_g, values_g = (sum of numerator in g) / (sum of denominator in g).

    numerator, denominator, index: (n,); values, totals (the sums of denominator), weights: (G,).
    """

    numerator: Floats
    denominator: Floats
    index: Ints
    values: Floats
    totals: Floats
    weights: Floats


@dataclass(frozen=True)
class RatioSum(Statistic):
    """A weighted sum of ratios over groups; a statistic of this family says what its sums and weights are."""

    @abstractmethod
    def weights(self, values: Floats, totals: Floats) -> Floats:
        """Return the weight of each group (G,), given the groups' ratios and the sums of their denominators."""

    def numerator(self, samples: Samples) -> Floats:
        """Return what each sample adds to the numerator of its group (n,)."""
        return samples.scores

    def denominator(self, samples: Samples) -> Floats:
        """Return what each sample adds to the denominator of its group (n,)."""
        return np.ones(samples.scores.size)

    def index(self, samples: Samples) -> Ints:
        """Return the group (n,) of each sample, counted from 0."""
        return np.unique(samples.groups, return_inverse=True)[1]

    def ratios(self, samples: Samples) -> GroupRatios:
        """Return the statistic as a sum of ratios; raise DataError where a denominator is 0."""
        require_scores(samples)
        index, numerator, denominator = self.index(samples), self.numerator(samples), self.denominator(samples)
        totals: Floats = np.bincount(index, weights=denominator).astype(np.float64)
        if not totals.all():
            raise DataError("a ratio whose denominator sums to 0", expected="at least one sample that counts")
        values = np.bincount(index, weights=numerator) / totals
        return GroupRatios(numerator, denominator, index, values, totals, self.weights(values, totals))

    def value(self, samples: Samples) -> float:
        """Return sum_g w_g (A_g / B_g)."""
        ratios = self.ratios(samples)
        return float(ratios.weights @ ratios.values)

    def influence(self, samples: Samples) -> Floats:
        """Return the derivative of the value in the weight of each sample (n,).

        With A = sum a_i and B = sum b_i, d(A / B) = dA / B - (A / B) dB / B: one sample's part, in which
        dA = a_i and dB = b_i, is (a_i - (A / B) b_i) / B, times the weight of its group.
        """
        ratios = self.ratios(samples)
        deviations = ratios.numerator - ratios.values[ratios.index] * ratios.denominator
        return np.asarray((ratios.weights / ratios.totals)[ratios.index] * deviations)

    def lowest(self, samples: Samples) -> float:
        """Return 0 where nothing that is added up is below it."""
        is_positive = (self.numerator(samples) >= 0).all() and (self.denominator(samples) >= 0).all()
        return 0.0 if is_positive else super().lowest(samples)


def one_group(samples: Samples) -> Ints:
    """Return one group (n,) for all samples."""
    return np.zeros(samples.scores.size, dtype=np.int64)


@dataclass(frozen=True)
class FixedGroups(RatioSum):
    """A sum over groups whose sizes the design fixed: each is resampled by itself."""

    def strata(self, samples: Samples) -> Ints:
        """Keep the sizes of the groups."""
        return samples.groups

    def influence(self, samples: Samples) -> Floats:
        """Return the influence of each sample (n,), so that the sum of the squares is the variance in small groups too.

        Each group has a mean of its own: of m units in it only m - 1 vary freely, which sqrt(m / (m - 1)) makes up for.
        """
        return np.asarray(super().influence(samples) * self._made_up(samples))

    def expansion(self, samples: Samples) -> Expansion:
        """Return the expansion of one group, or that of groups whose variances are right one by one.

        The sum of their variances v_g, each known with m_g - 1 degrees of freedom, is known with
        (sum v_g)^2 / sum v_g^2 / (m_g - 1) of them (Satterthwaite 1946).
        """
        units = self.units(samples)
        if len(units.strata) == 1:
            return units.expansion
        squares = np.bincount(units.index, weights=self.influence(samples)) ** 2
        variances = np.array([squares[stratum].sum() for stratum in units.strata])
        own = np.array([stratum.size - 1 for stratum in units.strata])
        spread = float((variances**2 / own).sum())
        return Expansion(1.0, float(variances.sum()) ** 2 / spread if spread > 0 else units.freedom)

    def _made_up(self, samples: Samples) -> Floats | float:
        """Return sqrt(m / (m - 1)) of each sample's group (n,), m its units; 1 where there is one group."""
        units = self.units(samples)
        if len(units.strata) == 1:
            return 1.0
        sizes = np.empty(units.size)
        for stratum in units.strata:
            sizes[stratum] = stratum.size
        refuse_groups_of_one(sizes[np.concatenate([stratum[:1] for stratum in units.strata])])
        return np.asarray(np.sqrt(sizes / (sizes - 1))[units.index])


@final
@dataclass(frozen=True)
class Mean(RatioSum):
    """The mean of the scores."""

    is_linear = True
    is_share = True

    def weights(self, values: Floats, totals: Floats) -> Floats:
        """Give the one group all the weight."""
        return np.ones(1)

    def index(self, samples: Samples) -> Ints:
        """Leave the groups out: here they are labels, for information."""
        return one_group(samples)

    def trials(self, samples: Samples) -> int:
        """Count every sample, where each is 0 or 1 and sampled by itself."""
        return samples.scores.size if samples.clusters is None and is_binary(samples.scores) else 0

    def gains_and_losses(self, first: Samples, second: Samples) -> tuple[int, int] | None:
        """Count the samples that got better and worse, where every one is a trial in both."""
        if first.clusters is not None or not (is_binary(first.scores) and is_binary(second.scores)):
            return None
        change = second.scores - first.scores
        return int((change > 0).sum()), int((change < 0).sum())


@final
@dataclass(frozen=True)
class GroupMean(FixedGroups):
    """The unweighted mean over groups of their mean scores."""

    is_linear = True
    is_share = True

    def weights(self, values: Floats, totals: Floats) -> Floats:
        """Give every group the same weight."""
        return np.full(values.size, 1 / values.size)

    def independent(self, samples: Samples) -> int:
        """Count the samples as if every group had no more than the smallest: one of those weighs most."""
        units = self.units(samples)
        return len(units.strata) * min(stratum.size for stratum in units.strata)


@final
@dataclass(frozen=True)
class WeightedSum(FixedGroups):
    """The sum of score x weight, the weights fixed by design (corruption errors)."""

    column: str = "weights"
    is_linear = True

    def weights(self, values: Floats, totals: Floats) -> Floats:
        """Weight the groups with their sizes: a sum is n_g times the mean."""
        return totals

    def numerator(self, samples: Samples) -> Floats:
        """Return score x weight; raise DataError where every weight is 0."""
        weights = self.further_column(samples)
        if weights.size and not weights.any():
            raise DataError("every weight is 0, so nothing was measured", expected="a sample that counts")
        return samples.scores * weights

    def is_fraction(self, samples: Samples) -> bool:
        """Say no: weights may add up to anything."""
        return False

    def span(self, samples: Samples) -> float:
        """Return the sum of the sizes of the weights."""
        return float(np.abs(self.further_column(samples)).sum())

    def unseen_variance(self, samples: Samples, value: float) -> float | None:
        """Take the rule of three for a 95% interval: the value need not be a share."""
        return (self.unseen(samples) / z_value(0.95)) ** 2


MEAN = Mean("mean")
GROUP_MEAN = GroupMean("group_mean")
WEIGHTED_SUM = WeightedSum("weighted_sum")
