"""A statistic: how per-sample scores become one value, and how sure that value is.

Whoever judges asks a statistic and never looks into the samples: value, influence, intervals, the difference
of two, and what is known of it. A statistic gives its value and influence; the rest follows from these by a
bootstrap, unless it knows better.

The influences I_i linearise a statistic: over independent samples Var = sum_i I_i^2, over clusters
Var = sum_c (sum_{i in c} I_i)^2, and Cov of two statistics over the same samples = sum_c I_c J_c.
Source: Hampel 1974.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np

from robustcheck.errors import DataError
from robustcheck.stats.differences import cut_to
from robustcheck.stats.moments import Moments, moments_of
from robustcheck.stats.proportions import (
    ROUNDING,
    Interval,
    IntervalAt,
    proportion_interval,
    share_variance,
    z_value,
)
from robustcheck.stats.resampling import (
    DRAWS,
    Counted,
    count_blocks,
    expanded_reach,
    percentile_interval,
    resampled_sums,
)
from robustcheck.stats.sampling import Expansion, Floats, Ints, Units, unit_sums, units_within
from robustcheck.values import Samples


@dataclass(frozen=True, slots=True)
class Spread:
    """A difference, its standard error, how far one unit that was not seen moves it, and the seed of the draws."""

    value: float
    error: float
    unseen: float
    seed: int


@dataclass(frozen=True)
class Statistic(ABC):
    """How per-sample scores become one value; ``column`` names the further column of the samples that it needs."""

    name: str
    column: str = ""

    # --- the value, and what each sample adds to it -------------------------------------------------

    @abstractmethod
    def value(self, samples: Samples) -> float:
        """Return the value of the scores; raise DataError where it is undefined."""

    @abstractmethod
    def influence(self, samples: Samples) -> Floats:
        """Return the influence of each sample on the value; shape (n,), summing to 0."""

    def covariance(self, first: Samples, second: Samples, of_second: Statistic | None = None) -> float:
        """Return the sampling covariance of two values over the same samples, in the same order.

        ``of_second`` is the statistic of the second value, where it is another one.
        """
        one = unit_sums(self.influence(first), first)
        return float(np.dot(one, one if first is second else unit_sums((of_second or self).influence(second), second)))

    # --- what is known of it ------------------------------------------------------------------------

    @property
    def is_linear(self) -> bool:
        """Whether one more sample moves the value by its own influence and no more."""
        return False

    @property
    def is_share(self) -> bool:
        """Whether its value, of scores that are 0 or 1, is a share of n, so that value and n give its interval."""
        return False

    def is_fraction(self, samples: Samples) -> bool:
        """Whether the value cannot leave 0 to 1."""
        return bool(((samples.scores >= 0) & (samples.scores <= 1)).all())

    def span(self, samples: Samples) -> float:
        """Return how far the value lies apart where every score is 0 and where every one is 1."""
        return 1.0

    def trials(self, samples: Samples) -> int:
        """Return the n of which the value is a proportion, or 0 when it is none."""
        return 0

    def independent(self, samples: Samples) -> int:
        """Count the independent samples that the value rests on."""
        return self.units(samples).size

    def strata(self, samples: Samples) -> Ints:
        """Return the stratum (n,) of each sample: groups whose sizes the design fixed stay as large when resampled."""
        return np.zeros(samples.groups.shape, dtype=np.int64)

    def units(self, samples: Samples) -> Units:
        """Return what is drawn in a resample: clusters or samples, within strata."""
        return units_within(self.strata(samples), samples)

    def gains_and_losses(self, first: Samples, second: Samples) -> tuple[int, int] | None:
        """Return how many samples got better and worse where each is a trial (McNemar's test), else None."""
        return None

    # --- what was not seen --------------------------------------------------------------------------

    def unseen(self, samples: Samples, level: float = 0.95) -> float:
        """Return how far the value may lie from the truth when nothing varied: the rule of three.

        What happened in none of n samples happens in at most -ln(tail) / n of all, since (1 - p)^n = tail
        there; 3/n at a tail of 5%, 3.7/n at the 2.5% of a 95% interval. That share times the span is the bound.
        """
        return -log((1 - level) / 2) / self.independent(samples) * self.span(samples)

    def unseen_variance(self, samples: Samples, value: float) -> float | None:
        """Bound the variance where all samples are alike; None where they do not say how sure the value is."""
        if not -ROUNDING <= value <= 1 + ROUNDING:
            return None
        return share_variance(value, self.independent(samples))

    # --- resampling ---------------------------------------------------------------------------------

    def counted(self, samples: Samples) -> Counted | None:
        """Return the statistic of how often each sample is drawn, where the influences do not do; else None."""
        return None

    def expansion(self, samples: Samples) -> Expansion:
        """Return how much wider than its replicates the value spreads."""
        return self.units(samples).expansion

    def replicates(self, samples: Samples, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
        """Return bootstrap replicates of the value; shape (at most draws,), fewer where each is dear.

        Statistics that are linear, or nearly so over many samples (AUROC, means of clusters of unequal
        size), are replicated through their influences; the others from the resampled data.
        """
        counted = self.values_of_resamples([samples], rng, draws)
        if counted is not None:
            return np.concatenate([values for (values,) in counted])
        return self.value(samples) + resampled_sums(self.influence(samples), self.units(samples), rng, draws)

    def paired_replicates(
        self, first: Samples, second: Samples, rng: np.random.Generator, draws: int = DRAWS
    ) -> Floats:
        """Return bootstrap replicates of second minus first, both of the same resample; shape (at most draws,)."""
        counted = self.values_of_resamples([first, second], rng, draws)
        if counted is not None:
            return np.concatenate([after - before for before, after in counted])
        change = self.influence(second) - self.influence(first)
        return self.value(second) - self.value(first) + resampled_sums(change, self.units(first), rng, draws)

    def values_of_resamples(
        self, all_samples: Sequence[Samples], rng: np.random.Generator, draws: int
    ) -> Iterator[list[Floats]] | None:
        """Yield the values of several samples in the same resamples, block by block; None where influences do."""
        counted = [found for samples in all_samples if (found := self.counted(samples)) is not None]
        if len(counted) < len(all_samples):
            return None
        blocks = count_blocks(self.units(all_samples[0]), rng, draws)
        return ([values(counts) for values in counted] for counts in blocks)

    # --- intervals ----------------------------------------------------------------------------------

    def lowest(self, samples: Samples) -> float:
        """Return the bound that the value of such samples cannot go below."""
        return 0.0 if self.is_fraction(samples) else -inf

    def highest(self, samples: Samples) -> float:
        """Return the bound that the value of such samples cannot go above."""
        return 1.0 if self.is_fraction(samples) else inf

    def intervals(self, samples: Samples, seed: int) -> IntervalAt:
        """Return the function from a level to the interval of the value; what is dear is done once, here.

        A share of independent samples is a proportion. Everything else has the expanded percentiles of a bootstrap,
        in closed form where sums are nearly normal; where all replicates are alike, the rule of three widens them.
        """
        value, trials = self.value(samples), self.trials(samples)
        if trials:
            return lambda level: proportion_interval(value, trials, level)
        resampled = self._resampled_interval(samples, value, seed)
        return cut_to(resampled, self.lowest(samples), self.highest(samples))

    def _resampled_interval(self, samples: Samples, value: float, seed: int) -> IntervalAt:
        expansion = self.expansion(samples)
        if self.counted(samples) is None:
            moments = moments_of(self.influence(samples), self.units(samples))
            if moments.is_near_normal and sqrt(moments.variance) > ROUNDING * max(1.0, abs(value)):
                return closed_interval(value, moments, expansion)
        ranked = np.sort(self.replicates(samples, np.random.default_rng(seed)))
        is_alike = np.ptp(ranked) <= ROUNDING * max(1.0, abs(value))

        def interval(level: float) -> Interval:
            low, high = percentile_interval(ranked, expansion, level)
            unseen = self.unseen(samples, level) if is_alike else 0.0
            return low - unseen, high + unseen

        return interval

    def difference(self, first: Samples, second: Samples, spread: Spread) -> IntervalAt:
        """Return the intervals of second minus first: resample both alike.

        Resampling few units that differ never draws what none of them shows. Bonett and Price (2012) add a gain
        and a loss to the counts for that reason, which is what the mean of these draws does: one more gain and
        one more loss, each Poisson, stand for what was not seen.
        """
        resampled = self._resampled_difference(first, second, spread)

        def interval(level: float) -> Interval:
            low, high = resampled(level)
            unseen = self.unseen(first, level) if spread.error <= ROUNDING else 0.0
            return min(low, spread.value - unseen), max(high, spread.value + unseen)

        return interval

    def _resampled_difference(self, first: Samples, second: Samples, spread: Spread) -> IntervalAt:
        expansion = self.expansion(first)
        if self.counted(first) is None:
            change = self.influence(second) - self.influence(first)
            moments = moments_of(change, self.units(first), spread.unseen)
            if moments.is_near_normal and spread.error > ROUNDING:
                return closed_interval(spread.value, moments, expansion)
        rng = np.random.default_rng(spread.seed)
        draws = self.paired_replicates(first, second, rng)
        if spread.unseen:
            draws = draws + spread.unseen * (rng.poisson(1, draws.size) - rng.poisson(1, draws.size))
        ranked = np.sort(draws)
        return lambda level: percentile_interval(ranked, expansion, level)

    def further_column(self, samples: Samples) -> Floats:
        """Return the further column of the samples; raise DataError where it is missing."""
        found: Floats | None = getattr(samples, self.column)
        if found is None:
            raise DataError(f"samples of {self.name} without {self.column!r}", expected="one number a sample")
        return found


def closed_interval(value: float, moments: Moments, expansion: Expansion) -> IntervalAt:
    """Return the expanded percentile intervals of a value whose resampled sums have these moments."""

    def interval(level: float) -> Interval:
        reach = expanded_reach(expansion, level)
        return value + moments.quantile(-reach), value + moments.quantile(reach)

    return interval


def normal_difference(statistic: Statistic, first: Samples, spread: Spread) -> IntervalAt:
    """Return the intervals of a difference that is as good as normal; never less than what was not seen."""

    def interval(level: float) -> Interval:
        unseen = statistic.unseen(first, level) if spread.error <= ROUNDING else 0.0
        reach = max(z_value(level) * spread.error, unseen)
        return spread.value - reach, spread.value + reach

    return interval


def require_scores(samples: Samples) -> None:
    """Raise DataError where there is no score, or one is NaN."""
    if not samples.scores.size:
        raise DataError("no samples", expected="at least one sample: no data is never a score")
    if np.isnan(samples.scores).any():
        raise DataError(f"NaN in {int(np.isnan(samples.scores).sum())} scores")
