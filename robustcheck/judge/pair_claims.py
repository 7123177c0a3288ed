"""Claims about pairs one by one: that every pair is better, or a share of them.

A mean says nothing of "consistently" or "in all". Every pair is better by a margin if the lower bound of each is
(an intersection-union test, which needs no correction); one pair shown to be worse refutes it, at alpha over the
number of pairs (Bonferroni). The share of pairs that are better is a proportion of the families (Clopper and Pearson).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.judge.case import Estimate
from robustcheck.judge.group_case import GroupCase, MatchedPair, Member, Support
from robustcheck.stats.compare import paired_difference
from robustcheck.stats.differences import Estimated, difference_intervals
from robustcheck.stats.intervals import score_intervals
from robustcheck.stats.model_families import Families, cross_families
from robustcheck.stats.proportions import Interval, IntervalAt, clopper_pearson_interval, proportion_interval, z_value
from robustcheck.values import Pairs, Samples

Floats = npt.NDArray[np.float64]

_ANYTHING = (-1.0, 1.0)


def estimate_worst_pair(case: GroupCase) -> Estimate:
    """Estimate the change of the pair that changed for the worst: at level 95% every pair is at least as good."""
    intervals = [_change_interval(pair, case) for pair in case.pairs]
    changes = [_change(pair) for pair in case.pairs]
    worst = int(np.argmin(changes) if case.higher_is_better else np.argmax(changes))

    def interval(level: float) -> Interval:
        strict = 1 - (1 - level) / len(intervals)
        if case.higher_is_better:
            return min(each(level)[0] for each in intervals), min(each(strict)[1] for each in intervals)
        return max(each(strict)[0] for each in intervals), max(each(level)[1] for each in intervals)

    low, high = intervals[worst](0.95)
    return Estimate(changes[worst], interval, (high - low) / (2 * z_value(0.95)))


def estimate_share(case: GroupCase, margin: float) -> Estimate:
    """Estimate the share of families whose pairs are, in the mean, better by a margin.

    Of cells the interval holds those of the crossings and of the units along each way.
    """
    sign = 1 if case.higher_is_better else -1
    gains, families = (
        np.array([sign * _change(pair) for pair in case.pairs]),
        cross_families([pair.kin for pair in case.pairs]),
    )
    counts = [
        (_count_better(gains, each, margin), each.count)
        for each in (families, *(families.along([way]) for way in range(len(families.ways))))
    ]
    better, n = counts[0]
    least = families.independent

    def interval(level: float) -> Interval:
        ends = [clopper_pearson_interval(hits, of, level) for hits, of in counts]
        return min(low for low, _ in ends), max(high for _, high in ends)

    return Estimate(better / n, interval, (max(better * (n - better), 0.25) / (n * n * least)) ** 0.5)


def _count_better(gains: Floats, families: Families, margin: float) -> int:
    means = np.bincount(families.index, weights=gains) / np.bincount(families.index)
    return int((means > margin).sum())


def describe_pairs(case: GroupCase, margin: float) -> Pairs:
    """Say how many pairs are shown to be better, and worse, by the margin, each by itself."""
    sign = 1 if case.higher_is_better else -1
    ends = [sorted((sign * low, sign * high)) for low, high in (_change_interval(p, case)(0.95) for p in case.pairs)]
    better, worse = sum(low > margin for low, _ in ends), sum(high < margin for _, high in ends)
    unknown = sum(tuple(end) == _ANYTHING for end in ends)
    said = f"better by the margin in {better}, not in {worse}, open in {len(ends) - better - worse}"
    return (
        ("each pair by itself, at 95%", said + (f" (of {unknown} nothing says how sure they are)" if unknown else "")),
    )


def _change(pair: MatchedPair) -> float:
    before, after = (float(np.mean([each.y for each in side])) for side in (pair.before, pair.after))
    return after - before


def _change_interval(pair: MatchedPair, case: GroupCase) -> IntervalAt:
    """Return the intervals of a pair's change over the images: paired where both rest on the same ones."""
    sides: Sequence[tuple[Member, ...]] = (pair.before, pair.after)
    if any(len(side) > 1 or not _is_known(side[0].of_y) for side in sides):
        return _no_interval(pair)
    before, after = (side[0] for side in sides)
    paired = _paired(before.of_y.samples, after.of_y.samples, case.seed)
    if paired is not None:
        return paired
    one, other = (Estimated(each.y, _value_interval(each.y, each.of_y, case.seed)) for each in (after, before))
    return difference_intervals(one, other)


def _is_known(support: Support) -> bool:
    return support.samples is not None or support.n > 1


def _no_interval(pair: MatchedPair) -> IntervalAt:
    """Return the interval that holds whatever is true: a change of values from 0 to 1 lies between -1 and 1."""
    if all(0 <= each.y <= 1 for each in (*pair.before, *pair.after)):
        return lambda _: _ANYTHING
    raise RecordError(
        f"nothing says how sure the values of {pair.name} are",
        expected="figures with the number of images, or measurements, one model on each side of a pair",
        fix="leave out `every`, and claim the mean",
    )


def _paired(before: Samples | None, after: Samples | None, seed: int) -> IntervalAt | None:
    if before is None or after is None:
        return None
    try:
        return paired_difference(before, after, seed=seed).interval
    except ValueError:
        return None  # Other images: the two are independent.


def _value_interval(value: float, support: Support, seed: int) -> IntervalAt:
    if support.samples is not None:
        return score_intervals(support.samples, seed=seed)
    return lambda level: proportion_interval(value, support.n, level)
