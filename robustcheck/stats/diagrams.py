"""The numbers of diagrams: reliability over bins of confidence, ROC on a grid, histograms of two sides.

Shapes: confidence and correct (n,), scores of the two sides (n,) and (m,). Everything is float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustcheck.stats.calibration import width_bins
from robustcheck.stats.detection import threshold_at_95
from robustcheck.stats.sampling import Floats, Ints

GRID = 101
BARS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """The bins that hold samples: mean confidence, accuracy and count of each, all (b,)."""

    confidence: Floats
    accuracy: Floats
    counts: Ints


def reliability(confidence: Floats, correct: Floats, bins: int) -> Reliability:
    """Return what a reliability diagram shows over bins of equal width.

    Formula: conf_b = mean of the confidences in bin b, acc_b = mean of the hits; ECE = sum_b (n_b/n) |acc_b - conf_b|.
    Unit: fractions. Source: Guo et al. 2017.

    >>> reliability(np.array([0.6, 0.8, 0.9]), np.array([1.0, 0.0, 1.0]), 2).accuracy.round(2).tolist()
    [0.67]
    """
    index = width_bins(confidence, bins)
    counts = np.bincount(index, minlength=bins)
    held = counts > 0
    sums = (np.bincount(index, weights=values, minlength=bins)[held] / counts[held] for values in (confidence, correct))
    mean, accuracy = sums
    return Reliability(mean, accuracy, counts[held])


def roc(inside: Floats, outside: Floats, grid: int = GRID) -> tuple[Floats, Floats]:
    """Return the ROC on a grid of false positive rates: (grid,) rates, (grid,) true positive rates.

    A sample of the inside at or above the threshold is a true positive, one of the outside a false one. A rate between
    two thresholds of the data is interpolated, as the area under the curve takes it. Unit: fractions.

    >>> roc(np.array([2.0, 3.0]), np.array([0.0, 1.0]), 3)[1].tolist()
    [1.0, 1.0, 1.0]
    """
    thresholds = np.unique(np.concatenate([inside, outside]))[::-1]
    false, true = (np.concatenate([[0.0], _share_from(side, thresholds)]) for side in (outside, inside))
    rates = np.linspace(0.0, 1.0, grid)
    # Of several rates at one false positive rate the highest counts: the curve rises straight up there.
    last = np.append(np.diff(false) > 0, True)
    return rates, np.interp(rates, false[last], true[last])


def operating_point(inside: Floats, outside: Floats) -> tuple[float, float]:
    """Return the false and the true positive rate at the threshold that accepts 95% of the inside."""
    at = np.array([threshold_at_95(inside)])
    return float(_share_from(outside, at)[0]), float(_share_from(inside, at)[0])


def histograms(first: Floats, second: Floats, bars: int = BARS) -> tuple[Floats, Floats, Floats]:
    """Return common edges (bars + 1,), and the share of each side in every bar (bars,)."""
    values = np.concatenate([first, second])
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high if high > low else low + 1.0, bars + 1)
    heights = (np.histogram(side, edges)[0] / side.size for side in (first, second))
    return (edges, *heights)  # type: ignore[return-value]


def _share_from(side: Floats, thresholds: Floats) -> Floats:
    """Return the share of a side at or above each threshold."""
    return np.asarray(1.0 - np.searchsorted(np.sort(side), thresholds, side="left") / side.size)
