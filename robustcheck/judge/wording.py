"""Numbers in words, the same in every reason."""

from __future__ import annotations

from robustcheck.values import Score


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
