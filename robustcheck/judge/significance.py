"""How sure a verdict is: decided or not, with which p value, and how many images would decide."""

from __future__ import annotations

from math import ceil, inf, log

from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.wording import say_resolved, say_warn_limit
from robustcheck.numerals import SMALLEST_P, write_level
from robustcheck.stats.compare import detectable_drop
from robustcheck.stats.proportions import Interval
from robustcheck.stats.staged_levels import level_at
from robustcheck.values import Status
from robustcheck.values.stages import LAST

_HALVINGS = 25
_FIRST_LEVELS = (0.5 - SMALLEST_P, 0.1, 0.01, 0.001)
# A bound that a share of n and its limit meet in exactly lies on neither side of it by rounding.
_ROUNDING = 1e-12


def decide(estimate: Estimate, bounds: Bounds, alpha: float, level: float = 0.95) -> Status:
    """Decide one-sidedly at ``alpha`` for a fail, on the interval of ``level`` for a pass."""
    if _is_beyond(estimate.interval_of_fail(alpha), bounds):
        return "fail"
    return "pass" if _is_inside(estimate.interval(level), bounds) else "unsure"


def decide_with_warning(comparison: Comparison, alpha: float, stage: int | None = None) -> Status:
    """Decide on the limit; what passes warns where the number itself lies beyond the warn limit.

    Two measurements that do not differ on any image pass: nothing was lost, however few images there are. At an early
    stage the images that were not seen may differ, and a number is not yet what it will be: a pass waits until it is
    shown on which side of the warn limit that lies.
    """
    estimate, bounds, level = comparison.estimate, comparison.bounds, shown_level(stage)
    is_whole = stage in (None, LAST)
    is_same = is_whole and comparison.is_equal and bounds.margin(estimate.value) >= 0
    status = "pass" if is_same else decide(estimate, bounds, level_at(alpha, stage), level)
    if status == "pass" and not is_whole and not _is_settled(comparison, level):
        return "unsure"
    return "warn" if status == "pass" and is_beyond_warning(comparison) else status


def shown_level(stage: int | None) -> float:
    """Return the level of the interval that a pass is decided on: 95% over all stages together."""
    return 0.95 if stage is None else 1 - 2 * level_at(0.025, stage)


def _is_settled(comparison: Comparison, level: float) -> bool:
    """Say whether an interval lies on one side of the warn limit, where there is one."""
    bounds, interval = comparison.warn_bounds, comparison.estimate.interval(level)
    return bounds is None or _is_inside(interval, bounds) or _is_beyond(interval, bounds)


def is_beyond_warning(comparison: Comparison) -> bool:
    """Say whether the compared number lies beyond the warn limit."""
    bounds = comparison.warn_bounds
    return bounds is not None and bounds.margin(comparison.estimate.value) < -_ROUNDING


def can_decide(comparison: Comparison, unit: str, alpha: float) -> bool:
    """Say whether these samples find, with 80% power, the largest drop that the check is asked to tell apart.

    Of a difference that is the one it allows; of a level, all the way to the end of the scale of a share.
    """
    estimate, bounds = comparison.estimate, comparison.bounds
    limit = bounds.nearest(estimate.value)
    if comparison.in_points:
        return detectable_drop(estimate.error, alpha) <= abs(limit)
    if unit != "%" or not (0 <= limit <= 1 and 0 <= estimate.value <= 1):
        return True
    return detectable_drop(estimate.error, alpha) <= (limit if limit == bounds.low else 1 - limit)


def say_beyond_warning(status: Status, comparison: Comparison, unit: str) -> tuple[str, ...]:
    """Say of an unsure verdict that its number lies between the limit and the warn limit."""
    is_between = comparison.bounds.margin(comparison.estimate.value) >= 0 and is_beyond_warning(comparison)
    if status != "unsure" or not is_between:
        return ()
    return (f"the number lies beyond the warn limit of {say_warn_limit(comparison, unit)} too",)


def find_p_value(estimate: Estimate, bounds: Bounds) -> float:
    """Return the one-sided p value that the number is not worse than the limit: the smallest alpha that fails it.

    At least 1e-9; 1.0 where no alpha does, as on the right side of the limit.
    """
    # An interval that joins two others need not grow from its very middle on, so smaller levels are asked too.
    high = next((alpha for alpha in _FIRST_LEVELS if _fails(estimate, bounds, alpha)), None)
    if high is None:
        return 1.0
    if _fails(estimate, bounds, SMALLEST_P):
        return SMALLEST_P
    # Bisection on the logarithm: 25 halvings of nine decades leave a relative error of 1e-6.
    low = SMALLEST_P
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _fails(estimate, bounds, middle) else (middle, high)
    return high


def say_resolution(status: Status, comparison: Comparison, case: Case, alpha: float) -> tuple[str, ...]:
    """Say what this many images can resolve and how many would decide, where the interval decided nothing."""
    estimate, bounds = comparison.estimate, comparison.bounds
    if status != "unsure":
        return ()
    why = (
        f"the 95% interval lies beyond the limit, but not the one at alpha = {write_level(alpha)}"
        if _is_beyond(estimate.interval(0.95), bounds)
        else "the interval straddles the limit"
    )
    resolved = say_shown(comparison, case.unit, alpha, bounded=case.bounded)
    return (f"unsure: {why}. {case.score.n:,} {case.counted} {resolved}; {_deciding(comparison, case, alpha)}",)


def say_shown(comparison: Comparison, unit: str, alpha: float, *, bounded: bool) -> str:
    """Say which drop beyond the limit a comparison shows with 80% power, or that none can be as large."""
    estimate, bounds = comparison.estimate, comparison.bounds
    limit = bounds.nearest(estimate.value)
    side = "shortfall" if limit == bounds.low else "excess"
    room = _room(comparison, limit) if bounded else inf
    return say_resolved(detectable_drop(estimate.error, alpha), room, unit, side)


def _room(comparison: Comparison, limit: float) -> float:
    """Return how far beyond the limit a value can lie: one ends at 0 and 1, a difference of two at -1 and 1."""
    low = -1.0 if comparison.in_points else 0.0
    room = limit - low if limit == comparison.bounds.low else 1 - limit
    return room if room > 0 else inf


def _deciding(comparison: Comparison, case: Case, alpha: float) -> str:
    """Say at which n the interval would end at the limit if the number stayed where it is."""
    estimate = comparison.estimate
    n = find_deciding_n(case.score.n, estimate, comparison.bounds, alpha)
    if n == inf:
        why = "the line itself is not known so exactly" if estimate.fixed else "the number lies on the limit"
        return f"no number of {case.counted} would decide: {why}"
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
