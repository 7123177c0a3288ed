"""Robust lines through groups of models, many at once: the bootstrap's fits of ``stats.trend``'s line.

The estimate is that of ``fit_trend``: Huber's M-estimate (t = 1.345) with the MAD scale about 0, by
iteratively reweighted least squares, all draws side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.model_families import Families, separate

Floats = npt.NDArray[np.float64]

MIN_LINE_MODELS = 3
_TUNING = 1.345
_NORMAL_MAD = 0.6744897501960817
_ROUNDS = 50
_SETTLED = 1e-8
# A draw's line need not be known better than the draws lie apart: 1e-6 on the axes is a thousandth of that.
DRAW_SETTLED = 1e-6
_FLAT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The models of a group on two axes (fractions); x, y: (n,); each a family of its own where none are given."""

    x: Floats
    y: Floats
    grouped: Families | None = None

    @property
    def size(self) -> int:
        """The number of models."""
        return int(self.x.size)

    @property
    def families(self) -> Families:
        """The families of the models."""
        return separate(self.size) if self.grouped is None else self.grouped


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One or more lines on transformed axes; intercept, slope: (b,)."""

    intercept: Floats
    slope: Floats
    axis: AxisName

    def at(self, x: Floats) -> Floats:
        """Return the lines' values (fractions) at x (fractions): (n,) for one line, (b, n) for many."""
        places = forward(x, self.axis)
        if places.ndim == 1:
            return back(self.intercept[0] + self.slope[0] * places, self.axis)
        return back(self.intercept[:, None] + self.slope[:, None] * places, self.axis)


def fit_line(points: Points, axis: AxisName) -> Line:
    """Fit one line; raise RecordError for fewer than 3 models or 3 distinct x."""
    distinct = np.unique(points.x).size
    if points.size < MIN_LINE_MODELS or distinct < MIN_LINE_MODELS:
        raise RecordError(
            f"a line needs models: {points.size} with {distinct} distinct x values",
            expected=f"at least {MIN_LINE_MODELS} models with distinct x values in each group",
            fix="widen the group's query, `among` or `x_range`",
        )
    return fit_lines(points.x[None], points.y[None], axis)


def fit_lines(x: Floats, y: Floats, axis: AxisName, counts: Floats | None = None, settled: float = _SETTLED) -> Line:
    """Fit a line to each row of x and y (b, n), fractions; NaN for a row whose x are all alike.

    ``counts`` (b, n) says how often each model is in a row; then x and y may be (1, n), the same models for all rows.
    A line has ``settled`` when a round moves neither number by more.
    """
    counts = np.ones(x.shape) if counts is None else counts
    places, targets = (np.broadcast_to(forward(each, axis), counts.shape) for each in (x, y))
    fitted = _least_squares(places, targets, counts)
    active = np.flatnonzero(np.isfinite(fitted[:, 1]))
    for _ in range(_ROUNDS):
        if not active.size:
            break
        rows, values, often = places[active], targets[active], counts[active]
        residuals = values - fitted[active, :1] - fitted[active, 1:] * rows
        moved = _least_squares(rows, values, often * _weights(residuals, often))
        step = np.abs(moved - fitted[active]).max(axis=1)
        fitted[active] = moved
        active = active[step > settled]
    return Line(fitted[:, 0], fitted[:, 1], axis)


def draw_lines(points: Points, axis: AxisName, rng: np.random.Generator, count: int) -> Line:
    """Fit a line to each of so many draws of the families of a group."""
    return fit_lines(points.x[None], points.y[None], axis, points.families.draw(rng, count), DRAW_SETTLED)


def r_squared(points: Points, line: Line) -> float:
    """Return the share of the variance on the transformed axis that a line explains."""
    places, targets = forward(points.x, line.axis), forward(points.y, line.axis)
    total = float(((targets - targets.mean()) ** 2).sum())
    left = float(((targets - line.intercept[0] - line.slope[0] * places) ** 2).sum())
    return 1 - left / total if total else 0.0


def forward(values: Floats, axis: AxisName) -> Floats:
    """Return the places of fractions on an axis; 0 and 1 lie at infinity on a curved one."""
    if axis == "linear":
        return np.asarray(values, dtype=np.float64)
    from scipy.special import logit, ndtri

    return np.asarray(ndtri(values) if axis == "probit" else logit(values))


def back(places: Floats, axis: AxisName) -> Floats:
    """Return the fractions at places of an axis."""
    if axis == "linear":
        return np.asarray(places, dtype=np.float64)
    from scipy.special import expit, ndtr

    return np.asarray(ndtr(places) if axis == "probit" else expit(places))


def _weights(residuals: Floats, counts: Floats) -> Floats:
    """Huber's weights; a row that fits exactly keeps the weights of least squares."""
    # Huber's loss has the derivative psi(r) = r within t s and t s sign(r) beyond. Its normal equations
    # sum psi(r_i) (1, x_i) = 0 are those of least squares with weights psi(r) / r = min(1, t s / |r|).
    sizes = np.abs(residuals)
    reach = _TUNING * _medians(sizes, counts)[:, None] / _NORMAL_MAD
    weights = np.ones_like(sizes)
    np.divide(reach, sizes, out=weights, where=(sizes > reach) & (reach > _FLAT))
    return weights


def _medians(values: Floats, counts: Floats) -> Floats:
    """Return the median of each row (b, n) in which values come so often: the mean of the two in the middle."""
    if (counts == 1).all():
        return np.asarray(np.median(values, axis=1))
    order = np.argsort(values, axis=1)
    ranked = np.take_along_axis(values, order, axis=1)
    below = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
    total = below[:, -1:]
    # Of T values in order, number (T - 1) // 2 and number T // 2 (from 0) are in the middle.
    middle = [(below > np.floor((total - odd) / 2)).argmax(axis=1) for odd in (1, 0)]
    rows = np.arange(values.shape[0])
    return np.asarray((ranked[rows, middle[0]] + ranked[rows, middle[1]]) / 2)


def _least_squares(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return (intercept, slope) of each row: (b, 2)."""
    # With x centred at its weighted mean the normal equations part: slope = S_xy / S_xx, and the line goes
    # through the means.
    total = weights.sum(axis=1)
    x_mean, y_mean = (weights * x).sum(axis=1) / total, (weights * y).sum(axis=1) / total
    x_off = x - x_mean[:, None]
    spread = (weights * x_off * x_off).sum(axis=1)
    slope = np.full(spread.shape, np.nan)
    np.divide((weights * x_off * (y - y_mean[:, None])).sum(axis=1), spread, out=slope, where=spread > _FLAT)
    return np.column_stack([y_mean - slope * x_mean, slope])
