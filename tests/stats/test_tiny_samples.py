"""Every statistic at tiny n, and where nothing varies: an interval that says how little is known, or a clear error.

No warning (pytest makes them errors), no NaN, no interval of width zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import isfinite

import numpy as np
import pytest
from sample_makers import NAMES

from robustcheck.errors import RobustcheckError
from robustcheck.stats.compare import paired_difference
from robustcheck.stats.ends import LEVELS
from robustcheck.stats.statistics import STATISTICS, value_of
from robustcheck.stats.sureness import find_sureness, value_intervals
from robustcheck.values import Samples, Sureness

# n, and whether two samples each belong together.
SHAPES = ((1, False), (2, False), (3, False), (5, False), (5, True))
# What the scores of a statistic may be: hits, confidences, or any number.
HITS, SURE = ("zeros", "ones", "mixed"), ("half", "ones", "ties")
SCORES = {"kappa": HITS, "macro_f1": HITS, "ece": SURE, "ece_mass": SURE, "aurc": SURE}
FURTHER = {"weighted_sum": ("zeros", "half"), "macro_f1": ("zeros", "mixed")}
BINARY_COLUMNS = ("zeros", "ones", "mixed")
GROUPS = ("one", "each", "sides")
# The others read no groups.
GROUPED = ("group_mean", "group_min", "weighted_sum", "auroc", "group_auroc", "fpr95", "group_fpr95", "macro_f1")
ROUNDING = 1e-9


def column(pattern: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    return {
        "zeros": np.zeros(n),
        "ones": np.ones(n),
        "half": np.full(n, 0.5),
        "mixed": (np.arange(n) % 2).astype(float),
        "ties": 0.25 + np.round(rng.random(n)) / 2,
        "spread": rng.random(n),
    }[pattern]


def group(pattern: str, n: int) -> np.ndarray:
    """Return one group, one a sample, or two sides as in detection, of which the first is known."""
    of_each = np.arange(n)
    sides = np.where(of_each < (n + 1) // 2, -1, 0)
    return {"one": np.zeros(n, np.int64), "each": of_each, "sides": sides}[pattern]


def tiny(name: str) -> Iterator[Samples]:
    statistic = STATISTICS[name]
    further = FURTHER.get(name, BINARY_COLUMNS) if statistic.column else ("",)
    kinds = SCORES.get(name, ("zeros", "ones", "mixed", "half", "spread"))
    for (n, clustered), scores, more, groups in product(
        SHAPES, kinds, further, GROUPS if name in GROUPED else GROUPS[:1]
    ):
        columns = {statistic.column: column(more, n)} if more else {}
        if clustered:
            columns["clusters"] = np.arange(n) // 2
        given = Samples(np.arange(n).astype(str), column(scores, n), group(groups, n), name, **columns)
        yield _as_hits(given) if name == "macro_f1" else given


def _as_hits(samples: Samples) -> Samples:
    """Return samples whose scores say where the predicted class is the label."""
    assert samples.counted is not None
    return replace(samples, scores=(samples.counted == samples.groups).astype(float))


def is_said(error: RobustcheckError) -> bool:
    """Say whether an error names what was found and what was expected."""
    return bool(error.found and error.expected)


def require_honest(value: float, sureness: Sureness, samples: Samples) -> None:
    assert isfinite(value)
    if sureness.error is None:
        # Whoever judges says that samples which are all alike do not say how sure a value is.
        assert np.ptp(samples.scores) < ROUNDING or samples.statistic in ("kappa", "ratio")
        return
    assert sureness.error > 0
    interval = value_intervals(value, sureness)
    low, high = interval(0.95)
    assert isfinite(low)
    assert isfinite(high)
    assert low - ROUNDING <= value <= high + ROUNDING
    assert high - low > ROUNDING
    wide = interval(LEVELS[-1])
    assert wide[0] <= low + ROUNDING
    assert wide[1] >= high - ROUNDING


@pytest.mark.parametrize("name", NAMES)
def test_a_value_of_a_few_samples_is_not_known_exactly(name: str) -> None:
    judged, refusals = 0, list[RobustcheckError]()
    for samples in tiny(name):
        try:
            value, sureness = value_of(samples), find_sureness(samples, seed=1)
        except RobustcheckError as error:
            refusals.append(error)
            continue
        require_honest(value, sureness, samples)
        judged += 1
    assert all(map(is_said, refusals))
    # The median asks for twelve.
    assert judged > 0 or name == "median"


@pytest.mark.parametrize("name", NAMES)
def test_a_difference_of_a_few_samples_is_not_known_exactly(name: str) -> None:
    """From itself, and from the same scores in another order."""
    refusals = list[RobustcheckError]()
    for samples in tiny(name):
        for scores in (samples.scores, samples.scores[::-1].copy()):
            if name == "macro_f1" and scores is not samples.scores:
                continue
            try:
                found = paired_difference(samples, replace(samples, scores=scores), seed=3)
                low, high = found.interval(0.95)
            except RobustcheckError as error:
                refusals.append(error)
                continue
            assert isfinite(found.value)
            assert low - ROUNDING <= found.value <= high + ROUNDING
            assert high - low > ROUNDING
    assert all(map(is_said, refusals))
