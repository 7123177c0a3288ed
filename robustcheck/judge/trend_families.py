"""What a trend stands on: networks, families, a range of x, and whether families lie on sides of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robustcheck.judge.case import PopulationPoints
from robustcheck.judge.wording import say_signed, say_value
from robustcheck.numerals import write_p
from robustcheck.stats.family_spread import family_skew
from robustcheck.stats.lines import back, forward
from robustcheck.stats.model_families import number_families
from robustcheck.stats.sampling import Floats
from robustcheck.stats.trend_of_several import TrendPlane, find_placed
from robustcheck.values import Score, TrendFit, TrendPoint

# Families differ for certain at this level; populations are large, and a small skew says nothing of a candidate.
SKEWED = 0.01


def say_networks(fit: TrendFit | TrendPlane) -> str:
    """Say how many networks, of how many families, draw a line."""
    return f"{fit.n:,} networks of {fit.families:,} families" if fit.families else f"{fit.n:,} models"


def say_range(fit: TrendFit, x: float, unit: str) -> str:
    """Say over which x a line is drawn, and whether a model lies inside."""
    side = "inside" if fit.x_low <= x <= fit.x_high else "outside: the line is extrapolated"
    return f"{say_value(fit.x_low, unit)} to {say_value(fit.x_high, unit)}; this model lies {side}"


def say_ranges(plane: TrendPlane, x: Sequence[Score], units: Sequence[str]) -> str:
    """Say over which x of each set a plane is drawn, and whether a model lies inside."""
    ends = zip(x, plane.lows, plane.highs, units, strict=True)
    ranges = [f"{each.cell.quantity.label} {say_value(a, unit)} to {say_value(b, unit)}" for each, a, b, unit in ends]
    side = "outside: the plane is extrapolated" if plane.is_beyond([each.value for each in x]) else "inside"
    return f"{'; '.join(ranges)}; this model lies {side}"


def note_family_skew(
    points: Sequence[TrendPoint], people: PopulationPoints, fit: TrendFit | TrendPlane, unit: str
) -> tuple[str, ...]:
    """Say which families lie above and below the line, where they do for certain."""
    x, y = people.all_x(points), np.array([point.y for point in points])
    kept = find_placed(x, y, fit.axis)
    names = [people.families.get(points[place].model, points[place].model) for place in np.flatnonzero(kept).tolist()]
    skew = family_skew(y[kept] - _expected(fit, x[kept]), number_families(names)) if people.families else None
    if skew is None or not skew.p_value < SKEWED:
        return ()
    named = list(dict.fromkeys(names))
    high, low = (
        f"{named[number]} {say_signed(value, unit)}"
        for number, value in ((skew.highest, skew.above), (skew.lowest, skew.below))
    )
    return (f"residuals are skewed by family (p {write_p(skew.p_value, equals='= ')}): {high}, {low} in the mean",)


def _expected(fit: TrendFit | TrendPlane, x: Floats) -> Floats:
    """Return what a line or a plane expects of models at x: (n, k) -> (n,)."""
    slopes = fit.slopes if isinstance(fit, TrendPlane) else (fit.slope,)
    return back(fit.intercept + forward(x, fit.axis) @ np.array(slopes), fit.axis)
