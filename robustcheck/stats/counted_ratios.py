"""Ratios of groups that are far from linear: sum_g w_g (A_g / B_g), replicated from the resampled data.

group_min  the smallest of the groups' mean scores
ratio      A the scores, B the column ``counted``, one group
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from robustcheck.stats.means import MEAN, RatioSum, one_group
from robustcheck.stats.proportions import Interval, IntervalAt, is_binary
from robustcheck.stats.resampling import Counted, kind_blocks
from robustcheck.stats.sampling import Floats, Ints, find_kinds
from robustcheck.stats.statistic import require_scores
from robustcheck.values import Samples


@dataclass(frozen=True)
class CountedRatios(RatioSum):
    """A sum of ratios that is replicated from the resampled data, since it is far from linear."""

    @abstractmethod
    def combine(self, values: Floats, weights: Floats) -> Floats:
        """Return the values (b,) of b replicates from the ratios (b, G) of their groups."""

    def counted(self, samples: Samples) -> Counted | None:
        """Return the value of how often each sample is drawn."""
        return self._counted_rows(samples, np.arange(samples.scores.size))

    def values_of_resamples(
        self, all_samples: Sequence[Samples], rng: np.random.Generator, draws: int
    ) -> Iterator[list[Floats]] | None:
        """Yield the values of the same resamples of each; of samples that are alike, how many of them are drawn."""
        first = all_samples[0]
        columns = [column for each in all_samples for column in (self.numerator(each), self.denominator(each))]
        kinds = None if first.clusters is not None else find_kinds(self.strata(first), [self.index(first), *columns])
        if kinds is None:
            return super().values_of_resamples(all_samples, rng, draws)
        counted = [self._counted_rows(samples, kinds.rows) for samples in all_samples]
        return ([values(counts) for values in counted] for counts in kind_blocks(kinds, rng, draws))

    def _counted_rows(self, samples: Samples, rows: Ints) -> Counted:
        """Return the value of how often each of these rows is drawn, and no other."""
        ratios = self.ratios(samples)
        add, numerator, denominator = _group_adder(ratios.index[rows]), ratios.numerator[rows], ratios.denominator[rows]

        def statistic(counts: Ints) -> Floats:
            totals = add(counts * denominator)
            # A group that no unit of the replicate belongs to keeps its value.
            values = np.broadcast_to(ratios.values, totals.shape).copy()
            np.divide(add(counts * numerator), totals, out=values, where=totals != 0)
            return self.combine(values, ratios.weights)

        return statistic


@final
@dataclass(frozen=True)
class GroupMin(CountedRatios):
    """The smallest of the groups' mean scores."""

    def weights(self, values: Floats, totals: Floats) -> Floats:
        """Give the worst group all the weight."""
        return np.asarray(np.arange(values.size) == values.argmin(), dtype=np.float64)

    def combine(self, values: Floats, weights: Floats) -> Floats:
        """Take the smallest of each replicate, whichever group it is in."""
        return np.asarray(values.min(axis=1))

    def strata(self, samples: Samples) -> Ints:
        """Keep the sizes of the groups."""
        return samples.groups

    def intervals(self, samples: Samples, seed: int) -> IntervalAt:
        """Return intervals of the smallest group mean, from those of all the groups.

        The smallest of noisy means lies below the smallest mean, and a bootstrap adds that bias once more. But
        the smallest mean is at least L where every group's is (no correction: intersection-union), and it is
        at most U where any group's is (Bonferroni over the groups).
        """
        require_scores(samples)
        inside = [samples.groups == group for group in np.unique(samples.groups)]
        parts = [Samples(samples.ids[rows], samples.scores[rows], samples.groups[rows]) for rows in inside]
        at = [MEAN.intervals(part, seed) for part in parts]

        def interval(level: float) -> Interval:
            strict = 1 - (1 - level) / len(at)
            return min(each(level)[0] for each in at), min(each(strict)[1] for each in at)

        return interval


@final
@dataclass(frozen=True)
class Ratio(CountedRatios):
    """The sum of the scores over the sum of ``counted`` (shape decisions over shape or texture decisions)."""

    column: str = "counted"
    is_share = True

    def weights(self, values: Floats, totals: Floats) -> Floats:
        """Give the one group all the weight."""
        return np.ones(1)

    def combine(self, values: Floats, weights: Floats) -> Floats:
        """Take the one ratio of each replicate."""
        return np.asarray(values @ weights)

    def denominator(self, samples: Samples) -> Floats:
        """Return what is counted of each sample."""
        return self.further_column(samples)

    def index(self, samples: Samples) -> Ints:
        """Leave the groups out: here they are labels, for information."""
        return one_group(samples)

    def is_fraction(self, samples: Samples) -> bool:
        """Say no: the numerator need not be part of the denominator."""
        return False

    def trials(self, samples: Samples) -> int:
        """Count the denominator, where it counts samples and holds those of the numerator (shape decisions)."""
        if samples.clusters is not None or not is_binary(samples.scores):
            return 0
        counted = self.further_column(samples)
        return int(counted.sum()) if is_binary(counted) and (samples.scores <= counted).all() else 0


def _group_adder(index: Ints) -> Callable[[Floats], Floats]:
    """Return the function that adds up the columns of each group: (b, n) -> (b, groups present)."""
    order = np.argsort(index, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(index[order])) + 1])
    return lambda columns: np.asarray(np.add.reduceat(columns[:, order], starts, axis=1))


GROUP_MIN = GroupMin("group_min")
RATIO = Ratio("ratio")
