"""How far models of a family that a line has not seen lie from it, and whether families lie on sides of their own."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from robustcheck.stats.axes import AxisName
from robustcheck.stats.lines import Points, fit_line, fit_lines, forward
from robustcheck.stats.model_families import Families

Floats = npt.NDArray[np.float64]

# Without one family of more than these a line moves by less than a hundredth of what it is off by.
MANY_FAMILIES = 100
# A family's mean is told apart from noise where two of its models agree.
_LEAST_MEMBERS = 2


@dataclass(frozen=True, slots=True)
class FamilySkew:
    """Whether families lie on sides of their own: the p value of one-way analysis of variance, and the extremes.

    ``highest`` and ``lowest`` are numbers of families, ``above`` and ``below`` their mean residuals (fractions).
    """

    p_value: float
    highest: int
    above: float
    lowest: int
    below: float


def family_error(points: Points, axis: AxisName) -> float:
    """Return the prediction error, on the transformed axis, of a model of a family that drew no part of the line.

    Each family is left out in turn, the line is fitted again, and its models' squared distances are averaged: first
    in the family, then over families, so that a family with many models counts once.
    """
    families, places, targets = points.families, forward(points.x, axis), forward(points.y, axis)
    if families.count > MANY_FAMILIES:
        line = fit_line(points, axis)
        errors = targets - line.intercept[0] - line.slope[0] * places
    else:
        kept = (families.index[None] != np.arange(families.count)[:, None]).astype(np.float64)
        lines = fit_lines(points, axis, kept)
        errors = targets - lines.intercept[families.index] - lines.slope[families.index] * places
    return sqrt(mean_square_by_family(errors, families))


def mean_square_by_family(errors: Floats, families: Families) -> float:
    """Average squared errors (n,) in each family, then over families; one with an error that is NaN does not count."""
    squares = np.bincount(families.index, weights=errors**2) / np.bincount(families.index)
    return float(squares[np.isfinite(squares)].mean())


def family_skew(residuals: Floats, families: Families) -> FamilySkew | None:
    """Return whether the residuals (n,) of models differ by family; None where fewer than two have two models."""
    index = families.index
    sizes = np.bincount(index)
    several = np.flatnonzero(sizes >= _LEAST_MEMBERS)
    if several.size < 2:
        return None
    means = np.bincount(index, weights=residuals) / sizes
    high, low = several[means[several].argmax()], several[means[several].argmin()]
    among = np.isin(index, several)
    p_value = _variance_p(residuals[among], np.searchsorted(several, index[among]))
    return FamilySkew(p_value, int(high), float(means[high]), int(low), float(means[low]))


def _variance_p(values: Floats, group: npt.NDArray[np.int64]) -> float:
    """Return the p value of one-way analysis of variance; NaN where nothing varies."""
    from scipy.special import fdtrc

    # F is the variance between the groups' means over that within groups, on k - 1 and n - k degrees.
    sizes = np.bincount(group)
    means = np.bincount(group, weights=values) / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum())
    within = float(((values - means[group]) ** 2).sum())
    if within == 0:
        return 0.0 if between else float("nan")
    degrees = sizes.size - 1, values.size - sizes.size
    return float(fdtrc(*degrees, (between / degrees[0]) / (within / degrees[1])))
