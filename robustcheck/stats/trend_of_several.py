"""Effective robustness against several in-distribution sets at once: a plane in place of a line.

Models that were trained on different data are good on different sets: a model of LAION looks robust against a line over
ImageNet-val, and one of ImageNet against a line over LAION's own held-out set. Against both at once what is left is
no longer owed to the choice of the one set. T(y) = b0 + sum_k b_k T(x_k) is fitted as the line of ``trend`` is:
Huber's M-estimate on transformed axes. Source: Shi et al. 2023 (arXiv 2302.01381), there with least squares on logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName, axis_by_name
from robustcheck.stats.family_spread import MANY_FAMILIES, mean_square_by_family
from robustcheck.stats.huber import fit_huber, fit_huber_parts
from robustcheck.stats.lines import forward
from robustcheck.stats.model_families import Families
from robustcheck.stats.sampling import Floats
from robustcheck.stats.trend import MIN_MODELS, Expected, expect_around, expect_at, require_place
from robustcheck.values import TrendFit

# Sets of which one follows from the others to a ten-thousandth of its variance tell the models apart in fewer ways.
_SAME = 1e-4
_ROUNDING = 1e-9

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class TrendPlane:
    """A plane through a population: ``slopes`` belong to the sets in their order; scale and r2 are on the axis.

    ``covariance`` is that of (intercept, *slopes); ``lows`` and ``highs`` bound the fitted x (fractions). The leverage
    of a place a = (1, T(x_1), ...) is a' ``inverse`` a; that of the members reaches ``most_leverage``. ``centre`` is
    the mean of their places and ``spread`` the covariance. ``families`` and ``family_error`` are those of a line.
    """

    axis: AxisName
    n: int
    intercept: float
    slopes: tuple[float, ...]
    scale: float
    r2: float
    covariance: Rows
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    inverse: Rows
    most_leverage: float
    centre: tuple[float, ...]
    spread: Rows
    families: int = 0
    family_error: float = 0.0

    def outside(self, x: Sequence[float]) -> tuple[int, ...]:
        """Return the sets on which a model lies outside the range of the population."""
        bounds = zip(self.lows, x, self.highs, strict=True)
        return tuple(place for place, (low, value, high) in enumerate(bounds) if not low <= value <= high)

    def is_beyond(self, x: Sequence[float]) -> bool:
        """Say whether a model lies outside: on one set, or where its figures together are like no member's.

        Figures on two sets mostly go together, so that a model may lie inside both ranges and far from every member.
        """
        at = np.array([1.0, *map(axis_by_name(self.axis).forward, x)])
        return bool(self.outside(x)) or float(at @ np.array(self.inverse) @ at) > self.most_leverage + _ROUNDING


def find_placed(x: Floats, y: Floats, axis: AxisName) -> npt.NDArray[np.bool_]:
    """Say which models (n,) have a place on the axes: 0 and 1 have none on an unbounded one; x: (n, k)."""
    return np.asarray(np.isfinite(forward(x, axis)).all(axis=1) & np.isfinite(forward(y, axis)))


def fit_several(x: Floats, y: Floats, axis: AxisName = "probit", families: Families | None = None) -> TrendPlane:
    """Fit the Huber plane of models' y (n,) over their x on several sets (n, k).

    Models at 0 or 1 have no place on an unbounded axis and are left out. Raises RecordError for fewer than five models
    a set, or sets that say the same of all models.
    """
    kept = find_placed(x, y, axis)
    x, targets = x[kept], forward(y[kept], axis)
    places = forward(x, axis)
    _require_spread(places)
    design = np.column_stack([np.ones(len(places)), places])
    found = fit_huber(design, targets)
    left = targets - design @ found.parameters
    inverse = np.linalg.inv(design.T @ design)
    return TrendPlane(
        axis=axis,
        n=len(design),
        intercept=float(found.parameters[0]),
        slopes=tuple(found.parameters[1:].tolist()),
        scale=found.scale,
        r2=float(1 - left @ left / ((targets - targets.mean()) ** 2).sum()),
        covariance=_rows(found.covariance),
        lows=tuple(x.min(axis=0).tolist()),
        highs=tuple(x.max(axis=0).tolist()),
        inverse=_rows(inverse),
        most_leverage=float(np.einsum("ij,jk,ik->i", design, inverse, design).max()),
        centre=tuple(places.mean(axis=0).tolist()),
        spread=_rows(np.atleast_2d(np.cov(places, rowvar=False))),
        **_family_facts(design, targets, None if families is None else families.of(kept)),
    )


def expect_on_plane(plane: TrendPlane, x: Sequence[float], y: float | None = None, level: float = 0.95) -> Expected:
    """Return what a plane expects of a model at its x, with the prediction interval, and the residual of ``y``.

    Raises RecordError when an x has no finite place on the axis.
    """
    at = np.array([1.0, *(require_place(each, plane.axis) for each in x)])
    mean = float(at @ np.array([plane.intercept, *plane.slopes]))
    slopes = tuple(zip(plane.slopes, x, strict=True))
    return expect_around(plane, mean, plane_variance(plane, x), slopes, y, level, beyond=plane.is_beyond(x))


def expect_on(fit: TrendFit | TrendPlane, x: Sequence[float], y: float | None = None, level: float = 0.95) -> Expected:
    """Return what a line, or a plane, expects of a model at its x."""
    if isinstance(fit, TrendPlane):
        return expect_on_plane(fit, x, y, level)
    return expect_at(fit, x[0], y, level)


def plane_variance(plane: TrendPlane, x: Sequence[float]) -> float:
    """Return the variance of the plane itself at a place, on the axis."""
    at = np.array([1.0, *map(axis_by_name(plane.axis).forward, x)])
    return float(at @ np.array(plane.covariance) @ at)


def seen_from_the_side(plane: TrendPlane) -> TrendFit:
    """Return the line of what is measured over what the plane expects: slope 1, intercept 0, with the plane's errors.

    Many places have one expected value; the error of the plane is shown at the one that members with it have in the
    mean. With b the slopes, S the covariance of the places and m their mean that is m + S b / (b'S b) (e - b0 - b'm) at
    the expectation e on the axis: a straight path a0 + e a1, so that the variance is a parabola in e, as a line's is.
    """
    slopes, centre = np.array(plane.slopes), np.array(plane.centre)
    step = np.array(plane.spread) @ slopes
    step = step / float(slopes @ step)
    start = np.array([1.0, *(centre - step * (plane.intercept + slopes @ centre))])
    along, covariance = np.array([0.0, *step]), np.array(plane.covariance)
    ends = _expected_range(plane)
    return TrendFit(
        axis=plane.axis,
        n=plane.n,
        slope=1.0,
        intercept=0.0,
        scale=plane.scale,
        r2=plane.r2,
        covariance=(
            float(start @ covariance @ start),
            float(start @ covariance @ along),
            float(along @ covariance @ along),
        ),
        x_low=ends[0],
        x_high=ends[1],
        families=plane.families,
        family_error=plane.family_error,
    )


def _expected_range(plane: TrendPlane) -> tuple[float, float]:
    """Return the range of what the plane expects where all sets have their lowest, and their highest, figures."""
    axis = axis_by_name(plane.axis)
    found = [
        axis.inverse(plane.intercept + sum(b * axis.forward(x) for b, x in zip(plane.slopes, ends, strict=True)))
        for ends in (plane.lows, plane.highs)
    ]
    return min(found), max(found)


def _family_facts(design: Floats, targets: Floats, families: Families | None) -> dict[str, Any]:
    """Return the number of families, and the error of predicting each from the others where enough are left for it."""
    if families is None:
        return {}
    count = families.count
    if count <= design.shape[1] + 1:
        return {"families": count}
    if count > MANY_FAMILIES:
        errors = targets - design @ fit_huber(design, targets).parameters
        return {"families": count, "family_error": sqrt(mean_square_by_family(errors, families))}
    kept = families.index[None] != np.arange(count)[:, None]
    planes = fit_huber_parts(design, targets, kept)
    errors = targets - (design * planes[families.index]).sum(axis=1)
    is_known = bool(np.isfinite(errors).any())
    return {"families": count, "family_error": sqrt(mean_square_by_family(errors, families)) if is_known else 0.0}


def _rows(matrix: Floats) -> Rows:
    return tuple(map(tuple, matrix.tolist()))


def _require_spread(places: Floats) -> None:
    models, sets = places.shape
    least = MIN_MODELS * sets
    if models < least:
        raise RecordError(
            f"{models} models have a figure on all of {sets} sets",
            expected=f"at least {least} besides the candidate, {MIN_MODELS} for each set",
            fix="widen `among`, choose a larger population, or name fewer sets in `against`",
        )
    deviations = places - places.mean(axis=0)
    sizes = np.sqrt((deviations**2).sum(axis=0))
    if not sizes.all() or np.linalg.eigvalsh((deviations / sizes).T @ (deviations / sizes))[0] < _SAME:
        raise RecordError(
            "the sets say the same of all models: no plane is theirs alone",
            expected="sets on which models differ in more than one way",
            fix="leave out one of the sets in `against`",
        )
