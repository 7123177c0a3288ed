"""What a trend stands on: networks, families, a range of x, and whether families lie on sides of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from robustcheck.judge.wording import say_signed, say_value
from robustcheck.stats.axes import AxisName
from robustcheck.stats.family_spread import family_skew
from robustcheck.stats.lines import forward
from robustcheck.stats.trend import locate_points
from robustcheck.values import TrendFit, TrendPoint

# Families differ for certain at this level; populations are large, and a small skew says nothing of a candidate.
SKEWED = 0.01


def say_networks(fit: TrendFit) -> str:
    """Say how many networks, of how many families, draw a line."""
    return f"{fit.n:,} networks of {fit.families:,} families" if fit.families else f"{fit.n:,} models"


def say_range(fit: TrendFit, x: float, unit: str) -> str:
    """Say over which x a line is drawn, and whether a model lies inside."""
    side = "inside" if fit.x_low <= x <= fit.x_high else "outside: the line is extrapolated"
    return f"{say_value(fit.x_low, unit)} to {say_value(fit.x_high, unit)}; this model lies {side}"


def note_family_skew(
    points: Sequence[TrendPoint], families: Mapping[str, str], axis: AxisName, unit: str
) -> tuple[str, ...]:
    """Say which families lie above and below the line, where they do for certain."""
    placed = [point for point in points if np.isfinite(forward(np.array([point.x, point.y]), axis)).all()]
    skew = family_skew(locate_points(placed, families), axis) if families else None
    if skew is None or not skew.p_value < SKEWED:
        return ()
    names = list(dict.fromkeys(families.get(point.model, point.model) for point in placed))
    high, low = (
        f"{names[number]} {say_signed(value, unit)}"
        for number, value in ((skew.highest, skew.above), (skew.lowest, skew.below))
    )
    return (f"residuals are skewed by family (p = {skew.p_value:.2g}): {high}, {low} in the mean",)
