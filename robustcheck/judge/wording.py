"""Numbers in words, the same in every reason."""

from __future__ import annotations

from robustcheck.judge.case import Comparison
from robustcheck.values import Score, Status


def say_value(value: float, unit: str) -> str:
    """Write a value: ``21.5%`` or ``0.034``."""
    return f"{value:.1%}" if unit == "%" else f"{value:.3g}"


def say_points(value: float, unit: str) -> str:
    """Write a difference without its sign: ``17.8 pp`` or ``0.034``."""
    return f"{abs(value) * 100:.1f} pp" if unit == "%" else f"{abs(value):.3g}"


def say_signed(value: float, unit: str) -> str:
    """Write a difference with its sign: ``-17.8 pp``."""
    return f"{value * 100:+.1f} pp" if unit == "%" else f"{value:+.3g}"


def say_side(value: float) -> str:
    """Say on which side of a reference a difference lies."""
    return "below" if value < 0 else "above"


def say_measured(score: Score, unit: str) -> str:
    """Write the measured value with its metric: ``top1 21.5%``."""
    return f"{score.cell.quantity.metric} {say_value(score.value, unit)}"


def say_against_limit(score: Score, limit: float, unit: str) -> str:
    """Say where a value lies: ``top1 40.0% is 5.0 pp below the limit of 45.0%``."""
    difference = score.value - limit
    side = f"{say_points(difference, unit)} {say_side(difference)}"
    return f"{say_measured(score, unit)} is {side} the limit of {say_value(limit, unit)}"


def say_warning(status: Status, comparison: Comparison, unit: str) -> tuple[str, ...]:
    """Name the tighter limit that a warning is about."""
    if status != "warn" or comparison.warn_bounds is None:
        return ()
    limit = comparison.warn_bounds.nearest(comparison.estimate.value)
    say = say_signed if comparison.in_points else say_value
    return (f"warned: shown to be beyond the tighter limit of {say(limit, unit)}",)
