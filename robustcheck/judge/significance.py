"""How sure a verdict is: decided or not, with which p value, and how many images would decide."""

from __future__ import annotations

from math import ceil, inf, log

from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.wording import say_points
from robustcheck.stats.compare import detectable_drop
from robustcheck.stats.proportions import Interval
from robustcheck.values import Status

# Smaller than any level that a suite asks for; intervals at it still are arithmetic.
_SMALLEST_P = 1e-9
_HALVINGS = 25
_FIRST_LEVELS = (0.5 - _SMALLEST_P, 0.1, 0.01, 0.001)
# A bound that a share of n and its limit meet in exactly lies on neither side of it by rounding.
_ROUNDING = 1e-12


def decide(estimate: Estimate, bounds: Bounds, alpha: float) -> Status:
    """Decide one-sidedly at ``alpha`` for a fail, on the 95% interval for a pass."""
    if _is_beyond(estimate.interval_of_fail(alpha), bounds):
        return "fail"
    return "pass" if _is_inside(estimate.interval(0.95), bounds) else "unsure"


def decide_with_warning(comparison: Comparison, alpha: float) -> Status:
    """Decide on the limit, then let what passes warn where the tighter limit fails it."""
    status = decide(comparison.estimate, comparison.bounds, alpha)
    if status == "pass" and comparison.warn_bounds is not None:
        return "warn" if decide(comparison.estimate, comparison.warn_bounds, alpha) == "fail" else "pass"
    return status


def find_p_value(estimate: Estimate, bounds: Bounds) -> float:
    """Return the one-sided p value that the number is not worse than the limit: the smallest alpha that fails it.

    At least 1e-9; 1.0 where no alpha does, as on the right side of the limit.
    """
    # An interval that joins two others need not grow from its very middle on, so smaller levels are asked too.
    high = next((alpha for alpha in _FIRST_LEVELS if _fails(estimate, bounds, alpha)), None)
    if high is None:
        return 1.0
    if _fails(estimate, bounds, _SMALLEST_P):
        return _SMALLEST_P
    # Bisection on the logarithm: 25 halvings of nine decades leave a relative error of 1e-6.
    low = _SMALLEST_P
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _fails(estimate, bounds, middle) else (middle, high)
    return high


def say_resolution(status: Status, comparison: Comparison, case: Case) -> tuple[str, ...]:
    """Say what this many images can resolve and how many would decide, where the interval decided nothing."""
    estimate, bounds, alpha = comparison.estimate, comparison.bounds, case.planned.alpha
    if status == "fail" or _is_inside(estimate.interval(0.95), bounds):
        return ()
    why = (
        f"the 95% interval lies beyond the limit, but not the one at alpha = {alpha:.2g}"
        if _is_beyond(estimate.interval(0.95), bounds)
        else "the interval straddles the limit"
    )
    side = "a shortfall" if bounds.nearest(estimate.value) == bounds.low else "an excess"
    drop = say_points(detectable_drop(estimate.error, alpha), case.unit)
    return (
        f"unsure: {why}. {case.score.n:,} images show {side} of {drop} beyond the limit with 80% power; "
        f"{_deciding(comparison, case)}",
    )


def _deciding(comparison: Comparison, case: Case) -> str:
    """Say at which n the interval would end at the limit if the number stayed where it is."""
    estimate = comparison.estimate
    n = find_deciding_n(case.score.n, estimate, comparison.bounds, case.planned.alpha)
    if n == inf:
        why = "the line itself is not known so exactly" if estimate.fixed else "the number lies on the limit"
        return f"no number of images would decide: {why}"
    outcome = "pass" if comparison.bounds.margin(estimate.value) > 0 else "fail"
    return f"about {_two_digits(n):,} would decide ({outcome}) if the number stays where it is"


def find_deciding_n(n: int, estimate: Estimate, bounds: Bounds, alpha: float) -> float:
    """Return n (half-width / distance to the limit)^2, for the part of it that shrinks with n; inf where no n does.

    The half-width is that of the decision at hand: of the 95% interval for a pass, at ``alpha`` for a fail.
    The square of an error is a sum of what more samples shrink and what they do not (a trend's own error).
    """
    margin = bounds.margin(estimate.value)
    low, high = estimate.interval(0.95) if margin > 0 else estimate.interval_of_fail(alpha)
    reach = (high - low) / 2
    fixed = 0.0 if estimate.error == 0 else (estimate.fixed / estimate.error) ** 2
    room = margin**2 - reach**2 * fixed
    return n * reach**2 * (1 - fixed) / room if room > 0 and margin else inf


def _fails(estimate: Estimate, bounds: Bounds, alpha: float) -> bool:
    return _is_beyond(estimate.interval_of_fail(alpha), bounds)


def _is_beyond(interval: Interval, bounds: Bounds) -> bool:
    return interval[1] < bounds.low - _ROUNDING or interval[0] > bounds.high + _ROUNDING


def _is_inside(interval: Interval, bounds: Bounds) -> bool:
    return bounds.low - _ROUNDING <= interval[0] and interval[1] <= bounds.high + _ROUNDING


def _two_digits(number: float) -> int:
    """Round up to two significant digits: a forecast says no more."""
    unit = int(10 ** max(0, int(log(number, 10)) - 1))
    return ceil(number / unit) * unit
