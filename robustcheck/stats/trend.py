"""A robust line through a population, and where a model lies against it.

The line is Huber's M-estimate (t = 1.345) with the MAD scale, on transformed axes, as in
"Toward a Holistic Evaluation of Robustness in CLIP Models"; the prediction interval at x0 is
mu +- t(n-2) sqrt(scale^2 + a' Cov a) with a = (1, T(x0)). Where the families of the models are known, its error is
at least that of predicting a family from the others, on as many degrees as there are families to spare
(`stats.family_spread`): rows of one family would vouch for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Protocol, TypedDict

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName, axis_by_name
from robustcheck.stats.family_spread import family_error
from robustcheck.stats.huber import fit_huber
from robustcheck.stats.lines import Points
from robustcheck.stats.model_families import number_families
from robustcheck.values import TrendFit, TrendPoint

MIN_MODELS = 5
MIN_DISTINCT_X = 3


class _FamilyFacts(TypedDict, total=False):
    families: int
    family_error: float


class Fitted(Protocol):
    """What a line and a plane have in common."""

    @property
    def axis(self) -> AxisName:
        """The axis that it was fitted on."""

    @property
    def n(self) -> int:
        """How many models it rests on."""

    @property
    def scale(self) -> float:
        """The scale of what it leaves, on the axis."""

    @property
    def families(self) -> int:
        """How many families these are of; 0 where nobody knows."""

    @property
    def family_error(self) -> float:
        """The error of predicting a family from the others, on the axis."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a line says about one x (fractions), and how far a model lies from it.

    ``residual`` is y - value; ``z`` the same on the transformed axis over its prediction error;
    ``x_gains`` are d value / d x of each x, ``fit_variance`` the variance of ``value`` from the fit alone.
    """

    value: float
    low: float
    high: float
    residual: float | None
    z: float | None
    x_gains: tuple[float, ...]
    fit_variance: float
    extrapolated: bool


def fit_trend(
    points: Sequence[TrendPoint],
    axis: AxisName = "probit",
    *,
    leave_out: str | None = None,
    families: Mapping[str, str] | None = None,
) -> TrendFit:
    """Fit the Huber line through a population, without the model ``leave_out``.

    ``families`` says which family a model is of; one that it does not name is a family of its own.
    Points at 0 or 1 have no place on an unbounded axis: they are dropped and named in ``dropped``.
    Raises RecordError for fewer than 5 models or 3 distinct x.
    """
    transform = axis_by_name(axis).forward
    members = [point for point in points if point.model != leave_out]
    mapped = [(transform(point.x), transform(point.y)) for point in members]
    kept = [pair for pair in mapped if isfinite(pair[0]) and isfinite(pair[1])]
    dropped = tuple(
        point.model
        for point, pair in zip(members, mapped, strict=True)
        if not (isfinite(pair[0]) and isfinite(pair[1]))
    )
    _require_enough(kept)
    fitted_x = [point.x for point in members if point.model not in dropped]
    x, y = np.array(kept).T
    found = fit_huber(np.column_stack([np.ones_like(x), x]), y)
    intercept, slope = (float(value) for value in found.parameters)
    covariance = found.covariance
    return TrendFit(
        axis=axis,
        n=len(kept),
        slope=slope,
        intercept=intercept,
        scale=found.scale,
        r2=_r_squared(y, intercept + slope * x),
        covariance=(float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        x_low=min(fitted_x),
        x_high=max(fitted_x),
        dropped=dropped,
        **_family_facts([point for point in members if point.model not in dropped], axis, families),
    )


def locate_points(points: Sequence[TrendPoint], families: Mapping[str, str]) -> Points:
    """Return models on both axes, in their families."""
    x, y = np.array([(point.x, point.y) for point in points]).T
    return Points(x, y, number_families([families.get(point.model, point.model) for point in points]))


def _family_facts(points: Sequence[TrendPoint], axis: AxisName, families: Mapping[str, str] | None) -> _FamilyFacts:
    if families is None:
        return {}
    located = locate_points(points, families)
    count = located.families.count
    if count <= MIN_DISTINCT_X:
        return {"families": count}
    return {"families": count, "family_error": family_error(located, axis)}


def expect_at(fit: TrendFit, x: float, y: float | None = None, level: float = 0.95) -> Expected:
    """Return what the line expects at ``x``, with its prediction interval, and the residual of ``y``.

    Raises RecordError when x has no finite place on the axis.
    """
    place = require_place(x, fit.axis)
    mean, beyond = fit.intercept + fit.slope * place, not fit.x_low <= x <= fit.x_high
    return expect_around(fit, mean, line_variance(fit, place), ((fit.slope, x),), y, level, beyond=beyond)


def expect_around(
    fit: Fitted,
    mean: float,
    variance: float,
    slopes: Sequence[tuple[float, float]],
    y: float | None,
    level: float,
    *,
    beyond: bool,
) -> Expected:
    """Return what a fit of this ``mean`` and ``variance`` on its axis expects; ``slopes`` has each slope with its x."""
    axis = axis_by_name(fit.axis)
    error = max(sqrt(fit.scale**2 + variance), fit.family_error)
    reach = t_quantile(level, max(1, (fit.families or fit.n) - 1 - len(slopes))) * error
    value = axis.inverse(mean)
    slope_at_value = axis.slope(value)
    return Expected(
        value=value,
        low=axis.inverse(mean - reach),
        high=axis.inverse(mean + reach),
        residual=None if y is None else y - value,
        z=None if y is None or error == 0 else (axis.forward(y) - mean) / error,
        x_gains=tuple(slope * axis.slope(x) / slope_at_value for slope, x in slopes),
        fit_variance=variance / slope_at_value**2,
        extrapolated=beyond,
    )


def require_place(x: float, axis: AxisName) -> float:
    """Return the place of a value on an axis; raise RecordError where it has none that is finite."""
    place = axis_by_name(axis).forward(x)
    if not isfinite(place):
        raise RecordError(
            f"an accuracy of {x:.0%} has no place on a {axis} axis", expected="a value strictly between 0% and 100%"
        )
    return place


def sample_line(
    fit: TrendFit, low: float, high: float, count: int = 40, *, bounded: bool = False
) -> tuple[tuple[float, float, float, float], ...]:
    """Return (x, y, band low, band high) along the line, evenly spaced on the transformed axis.

    The band of ``bounded`` values ends at 0 and 1, which a linear axis does not see to.
    """
    axis = axis_by_name(fit.axis)
    places = np.linspace(axis.forward(low), axis.forward(high), count)
    samples = []
    for place in places:
        x = axis.inverse(float(place))
        at = expect_at(fit, x)
        band = (max(0.0, at.low), min(1.0, at.high)) if bounded else (at.low, at.high)
        samples.append((x, at.value, *band))
    return tuple(samples)


def _require_enough(kept: Sequence[tuple[float, float]]) -> None:
    distinct = len({x for x, _ in kept})
    if len(kept) < MIN_MODELS or distinct < MIN_DISTINCT_X:
        raise RecordError(
            f"a trend needs models: {len(kept)} with {distinct} distinct x values",
            expected=f"at least {MIN_MODELS} models and {MIN_DISTINCT_X} distinct x values besides the candidate",
            fix="widen `among` or `x_range`, or choose a larger population",
        )


def _r_squared(y: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> float:
    total = float(((y - y.mean()) ** 2).sum())
    return 1 - float(((y - predicted) ** 2).sum()) / total if total else 0.0


def line_variance(fit: TrendFit, place: float) -> float:
    """Return the variance of the line itself at a place on the transformed x axis."""
    intercept, shared, slope = fit.covariance
    return intercept + 2 * place * shared + place * place * slope


def t_quantile(level: float, degrees: int) -> float:
    """Return the two-sided quantile of Student's t at a level."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + level / 2))
