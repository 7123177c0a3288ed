"""The interval of a residual: how far a model lies from a line that is itself estimated.

y - line(x) is a difference of two estimates: y, and the line's value at an x that is itself estimated.
"""

from __future__ import annotations

from math import sqrt

from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.differences import Estimated, difference_intervals, joined_arm
from robustcheck.stats.proportions import Interval, IntervalAt
from robustcheck.stats.trend import line_variance, t_quantile
from robustcheck.values import TrendFit


def residual_intervals(y: Estimated, x: Estimated, fit: TrendFit, correlation: float) -> IntervalAt:
    """Return the intervals of y - line(x); ``correlation`` is that of y with line(x)."""
    on_line = axis_by_name(fit.axis).inverse(_line(fit, x.value))
    return difference_intervals(y, Estimated(on_line, lambda level: line_interval(fit, x, level)), correlation)


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
