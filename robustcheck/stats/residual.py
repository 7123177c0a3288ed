"""The interval of a residual: how far a model lies from a line, or a plane, that is itself estimated.

y - line(x) is a difference of two estimates: y, and the line's value at an x that is itself estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, sqrt

from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.differences import Estimated, difference_intervals, joined_arm
from robustcheck.stats.proportions import Interval, IntervalAt
from robustcheck.stats.trend import line_variance, t_quantile
from robustcheck.stats.trend_of_several import TrendPlane, plane_variance
from robustcheck.values import TrendFit


def residual_intervals(
    y: Estimated, x: Sequence[Estimated], fit: TrendFit | TrendPlane, correlation: float, stretch: float = 1.0
) -> IntervalAt:
    """Return the intervals of y less what is expected at x; ``correlation`` is that of y with the expectation.

    ``stretch`` is how much further several x together move it than they would if they did not go together.
    """
    if isinstance(fit, TrendPlane):
        plane, on_plane = fit, axis_by_name(fit.axis).inverse(_expected(fit, x))
        return difference_intervals(
            y, Estimated(on_plane, lambda level: plane_interval(plane, x, level, stretch)), correlation
        )
    line, (only,) = fit, x
    on_line = axis_by_name(line.axis).inverse(_line(line, only.value))
    return difference_intervals(y, Estimated(on_line, lambda level: line_interval(line, only, level)), correlation)


def line_interval(fit: TrendFit, x: Estimated, level: float) -> Interval:
    """Return the interval of the line's value at an x that is itself estimated.

    The ends of x lie on the line; the fit's own error, t(n - 2) standard errors, is added on the axis.
    """
    ends = sorted(_line(fit, bound) for bound in x.interval(level))
    axis, centre = axis_by_name(fit.axis), _line(fit, x.value)
    reach = t_quantile(level, fit.n - 2) * sqrt(line_variance(fit, axis.forward(x.value)))
    low = centre - joined_arm(centre - ends[0], reach, 0.0)
    high = centre + joined_arm(ends[1] - centre, reach, 0.0)
    return axis.inverse(low), axis.inverse(high)


def _line(fit: TrendFit, x: float) -> float:
    return fit.intercept + fit.slope * axis_by_name(fit.axis).forward(x)


def plane_interval(plane: TrendPlane, x: Sequence[Estimated], level: float, stretch: float = 1.0) -> Interval:
    """Return the interval of a plane's value at several x that are estimated: each moves it along its own slope.

    The arms of the x are joined on the axis, and then the plane's own error, t(n - k - 1) standard errors.
    """
    axis = axis_by_name(plane.axis)
    centre = _expected(plane, x)
    moved = [
        sorted(slope * (axis.forward(end) - axis.forward(each.value)) for end in each.interval(level))
        for slope, each in zip(plane.slopes, x, strict=True)
    ]
    reach = t_quantile(level, plane.n - len(x) - 1) * sqrt(plane_variance(plane, [each.value for each in x]))
    down, up = (stretch * hypot(*(ends[side] for ends in moved)) for side in (0, 1))
    return axis.inverse(centre - joined_arm(down, reach, 0.0)), axis.inverse(centre + joined_arm(up, reach, 0.0))


def _expected(plane: TrendPlane, x: Sequence[Estimated]) -> float:
    forward = axis_by_name(plane.axis).forward
    return plane.intercept + sum(slope * forward(each.value) for slope, each in zip(plane.slopes, x, strict=True))
