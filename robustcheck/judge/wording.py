"""Numbers in words, the same in every reason."""

from __future__ import annotations

from robustcheck.judge.case import Bounds, Case, Comparison
from robustcheck.numerals import write_difference, write_level, write_signed, write_value
from robustcheck.values import Score, Status
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.stages import LAST

# Numbers without a unit have so many decimals more than shares: 0.452 beside 45.2%.
_BARE = 2
# Numbers that are the same to so many decimals differ by their rounding alone.
_EQUAL = 10


def say_value(value: float, unit: str, places: int = 1) -> str:
    """Write a value: ``21.5%`` or ``0.034``."""
    return write_value(value, unit, places, _BARE + places)


def say_points(value: float, unit: str, places: int = 1) -> str:
    """Write a difference without its sign: ``17.8 pp`` or ``0.034``."""
    return write_difference(value, unit, places, _BARE + places)


def places_apart(value: float, limit: float, unit: str) -> int:
    """Return the fewest decimals with which a value and its limit read as the two numbers that they are.

    One, where that does and the larger of them keeps a digit; at most four. Without it 72.96% would be said to be below
    a limit of 73.0% as 73.0%.
    """
    if say_value(value, unit, _EQUAL) == say_value(limit, unit, _EQUAL):
        return 1
    largest = max(abs(value), abs(limit))
    apart = (each for each in (1, 2, 3) if say_value(value, unit, each) != say_value(limit, unit, each))
    return next((each for each in apart if unit == "%" or 10 ** (_BARE + each) * largest >= 10), 4)


def say_resolved(drop: float, room: float, unit: str, side: str) -> str:
    """Say which ``drop`` beyond the limit so many samples show, where ``room`` is all that there is beyond it."""
    if drop > room:
        most = say_points(room, unit)
        return f"show no {side} beyond the limit with 80% power: it would be more than the {most} there are"
    article = "an" if side[0] in "aeiou" else "a"
    return f"show {article} {side} of {say_points(drop, unit)} beyond the limit with 80% power"


def say_signed(value: float, unit: str, places: int = 1) -> str:
    """Write a difference with its sign: ``-17.8 pp``."""
    return write_signed(value, unit, places, _BARE + places)


def say_side(value: float) -> str:
    """Say on which side of a reference a difference lies."""
    return "below" if value < 0 else "above"


def say_difference(score: Score, value: float, bounds: Bounds, unit: str) -> str:
    """Say what was measured and how far it lies on which side, so that it reads as another number than its limit."""
    places = places_apart(value, bounds.nearest(value), unit)
    # A value in per cent and a difference in points are two kinds of number; without a unit they are one.
    own = 1 if unit == "%" else places
    return f"{say_measured(score, unit, own)} is {say_points(value, unit, places)} {say_side(value)}"


def say_measured(score: Score, unit: str, places: int = 1) -> str:
    """Write the measured value with its metric: ``top1 21.5%``."""
    return f"{score.cell.quantity.metric} {say_value(score.value, unit, places)}"


def say_against_limit(score: Score, limit: float, unit: str) -> str:
    """Say where a value lies: ``top1 40.0% is 5.0 pp below the limit of 45.0%``."""
    difference = score.value - limit
    if say_value(score.value, unit, _EQUAL) == say_value(limit, unit, _EQUAL):
        return f"{say_measured(score, unit)} is at the limit of {say_value(limit, unit)}"
    places = places_apart(score.value, limit, unit)
    side = f"{say_points(difference, unit, places)} {say_side(difference)}"
    return f"{say_measured(score, unit, places)} is {side} the limit of {say_value(limit, unit, places)}"


def say_warn_limit(comparison: Comparison, unit: str) -> str:
    """Write the warn limit: ``60.0%``, or ``-1.0 pp`` of a difference."""
    assert comparison.warn_bounds is not None, "only a check with a warn limit can be beyond it"
    limit = comparison.warn_bounds.nearest(comparison.estimate.value)
    return (say_signed if comparison.in_points else say_value)(limit, unit)


def say_headline(status: Status, comparison: Comparison, unit: str) -> str:
    """Write the first half of a reason; that of a warning names the warn limit."""
    if status != "warn":
        return comparison.claim
    assert comparison.warn_bounds is not None, "only a check with a warn limit can warn"
    value = comparison.estimate.value
    limit = comparison.warn_bounds.nearest(value)
    places = places_apart(value, limit, unit)
    # Where the two read alike, the distance tells that the number lies beyond.
    distance = "" if places == 1 else f"{say_points(value - limit, unit, places)} "
    return f"{distance}beyond the warn limit of {say_warn_limit(comparison, unit)}: {comparison.claim}"


def say_n(case: Case) -> str:
    """Write n, and what it counts where that is not images alone."""
    return f"n = {case.score.n:,}{'' if case.counted == 'images' else f' {case.counted}'}"


def say_images(case: Case) -> str:
    """Write of a check that was decided early on how many images that was; nothing of any other."""
    if case.images is None or case.stage in (None, LAST):
        return ""
    return f"; decided on {case.images[0]:,} of {case.images[1]:,} images"


def say_level(item: PlannedCheck, over: str) -> tuple[str, str]:
    """Write the fact that says at which level a fail is shown, and over what the 5% are shared."""
    look = item.look
    if look is not None and look.series.looks is None:
        over += f", look {look.number:,} of the open series {look.series.name}"
    elif look is not None:
        over += f" and the {round(1 / look.share):,} looks of the series {look.series.name}"
    return "a fail is shown at", f"one-sided alpha = {write_level(item.alpha)} (0.05 over {over})"
