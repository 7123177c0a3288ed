"""Compare two models on the same images, and say what a number of images can resolve.

Sources: Efron & Tibshirani 1993, paired bootstrap; McNemar 1947, exact form; DeLong et al. 1988; Bonett &
Price 2012, few units that differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, sqrt
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.stats.proportions import ROUNDING, IntervalAt, z_value
from robustcheck.stats.sampling import Floats, Ints, is_same_split, rows_of_ids, unit_sums
from robustcheck.stats.statistic import Spread, Statistic
from robustcheck.stats.statistics import statistic_named
from robustcheck.values import Samples

POWER = 0.80
_COLUMNS = ("scores", "groups", "weights", "counted", "correct", "clusters")
# So many units that differ speak for themselves; with fewer, what was not seen counts.
_SPEAKING = 100


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """A paired difference (second minus first) with its interval at any level.

    ``error`` is its standard error; ``n`` counts the samples (their clusters, where they have some) and
    ``discordant`` those on which the two differ; ``test`` names where ``p_value`` comes from.
    """

    value: float
    error: float
    n: int
    discordant: int
    p_value: float
    test: Literal["exact McNemar", "normal"]
    interval: IntervalAt


def paired_difference(first: Samples, second: Samples, *, seed: int) -> Difference:
    """Compare two values over the same samples, drawing the same samples for both.

    Each sample is paired by its id: what was saved elsewhere may be in another order. Raises ValueError when the two do
    not hold the same sample ids in the same clusters and groups, or are not of the same statistic.
    """
    second = _in_order_of(first, second)
    _require_same_clusters(first, second)
    _require_same_groups(first, second)
    if first.clusters is None:
        # An older run may not have kept them; what was sampled together is the same in both.
        first = replace(first, clusters=second.clusters)
    statistic = statistic_named(first.statistic)
    value = statistic.value(second) - statistic.value(first)
    # Var A + Var B - 2 Cov(A, B) is the sum over units of the squared difference of their influences.
    change = unit_sums(statistic.influence(second) - statistic.influence(first), first)
    discordant = _count_discordant(statistic, first, second)
    unseen = _unseen_step(statistic, first, change) if discordant < _SPEAKING and statistic.is_linear else 0.0
    error = sqrt(float(change @ change) + 2 * unseen**2)
    counted = statistic.gains_and_losses(first, second)
    return Difference(
        value=value,
        error=error if error > ROUNDING else statistic.unseen(first) / z_value(0.95),
        n=statistic.units(first).size,
        discordant=discordant,
        p_value=normal_p(value, error) if counted is None else mcnemar_p(*counted),
        test="normal" if counted is None else "exact McNemar",
        interval=statistic.difference(first, second, Spread(value, error, unseen, seed)),
    )


def mcnemar_p(gains: int, losses: int) -> float:
    """Return the exact two-sided p value that gains and losses are equally likely.

    >>> round(mcnemar_p(10, 25), 7)
    0.0166738
    """
    from scipy.special import bdtr

    # Where gains and losses are equally likely, the gains among the n that differ are Binomial(n, 1/2), which is
    # symmetric: both tails are twice the smaller one.
    n = gains + losses
    return 1.0 if n == 0 else min(1.0, 2 * float(bdtr(min(gains, losses), n, 0.5)))


def normal_p(value: float, error: float) -> float:
    """Return the two-sided p value that a normal statistic of this standard error has mean 0.

    >>> round(normal_p(1.96, 1.0), 3)
    0.05
    """
    if error <= ROUNDING:
        return 1.0 if abs(value) <= ROUNDING else 0.0
    return 2 * NormalDist().cdf(-abs(value) / error)


def detectable_drop(error: float, alpha: float) -> float:
    """Return the drop below the limit that a one-sided test at ``alpha`` finds with 80% power.

    A statistic with standard error s is found wrong when it lies z(1 - alpha) s beyond the limit, and
    it lies that far with probability 0.8 when the truth lies (z(1 - alpha) + z(0.8)) s beyond.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha) + normal.inv_cdf(POWER)) * error


def _in_order_of(first: Samples, second: Samples) -> Samples:
    places = rows_of_ids(first.ids, second.ids)
    if places is None or first.statistic != second.statistic:
        raise ValueError("the two measurements do not hold the same samples")
    further: dict[str, Any] = {name: _in_places(getattr(second, name), places) for name in _COLUMNS}
    return replace(second, ids=first.ids, **further)


def _in_places(column: Floats | None, places: Ints) -> Floats | None:
    return None if column is None else column[places]


def _require_same_clusters(first: Samples, second: Samples) -> None:
    if (
        first.clusters is not None
        and second.clusters is not None
        and not is_same_split(first.clusters, second.clusters)
    ):
        raise ValueError("the two measurements do not hold the same clusters of samples")


def _require_same_groups(first: Samples, second: Samples) -> None:
    """Refuse samples that are labelled otherwise: each side would be right about something else.

    Saved outputs may count the classes in another order, so the groups alone are compared, not their numbers. The
    groups of a weighted sum are what the sum is over, which a model may decide.
    """
    if first.statistic != WEIGHTED_SUM.name and not is_same_split(first.groups, second.groups):
        raise ValueError("the two measurements do not hold the same labels or groups of samples")


def _unseen_step(statistic: Statistic, first: Samples, change: Floats) -> float:
    """Return how far one more unit on which the two differ moves the difference: as far as the largest that did."""
    largest = float(np.abs(change).max())
    return largest if largest > ROUNDING else statistic.unseen(first) / -log(0.025)


def _count_discordant(statistic: Statistic, first: Samples, second: Samples) -> int:
    """Count the units on which the two differ, in their scores or in the further column."""
    differs = first.scores != second.scores
    if statistic.column:
        differs |= statistic.further_column(first) != statistic.further_column(second)
    return int((unit_sums(differs.astype(np.float64), first) > 0).sum())
