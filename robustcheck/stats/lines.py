"""Robust lines through groups of models, many at once: the bootstrap's fits of ``stats.trend``'s line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.model_families import Families, separate
from robustcheck.stats.reweighting import reweighted_lines

Floats = npt.NDArray[np.float64]

MIN_LINE_MODELS = 3
_SETTLED = 1e-8
# A draw's line need not be known better than the draws lie apart: 1e-6 on the axes is a thousandth of that.
_DRAW_SETTLED = 1e-6


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
    return fit_lines(points, axis, np.ones((1, points.size)))


def fit_lines(points: Points, axis: AxisName, counts: Floats, settled: float = _SETTLED) -> Line:
    """Fit a line to each draw of the models; NaN for a draw whose x are all alike.

    ``counts`` (b, n) says how often each model is in each draw. A line has ``settled`` when a round moves neither
    number by more.
    """
    fitted = reweighted_lines(forward(points.x, axis), forward(points.y, axis), counts, settled)
    return Line(fitted[:, 0], fitted[:, 1], axis)


def draw_lines(points: Points, axis: AxisName, rng: np.random.Generator, count: int) -> Line:
    """Fit a line to each of so many draws of the families of a group."""
    return fit_draws(points, axis, points.families.draw(rng, count))


def fit_draws(points: Points, axis: AxisName, counts: Floats) -> Line:
    """Fit a line to each draw (b, n) of the families of a group: few families give the same draw again and again."""
    first, which = points.families.distinct(counts)
    line = fit_lines(points, axis, counts[first], _DRAW_SETTLED)
    return Line(line.intercept[which], line.slope[which], axis)


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
