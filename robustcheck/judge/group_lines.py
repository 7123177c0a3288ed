"""The lines of groups of models: which models have a place on the axes, and what is said of each line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from math import isnan

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.judge.group_case import Member, ModelGroup
from robustcheck.judge.wording import say_value
from robustcheck.listing import name_first
from robustcheck.stats.axes import AxisName
from robustcheck.stats.lines import Points, fit_line, forward, r_squared
from robustcheck.values import Pairs

LITTLE_EXPLAINED = 0.8


def place_on_axis(groups: Sequence[ModelGroup], axis: AxisName) -> tuple[tuple[ModelGroup, ...], tuple[str, ...]]:
    """Return the groups without the members that have no place on the axis, and a note that names those."""
    placed = [_have_places(group.members, axis) for group in groups]
    kept = tuple(
        ModelGroup(group.name, tuple(compress(group.members, has))) for group, has in zip(groups, placed, strict=True)
    )
    lost = [m.model for group, has in zip(groups, placed, strict=True) for m in compress(group.members, ~has)]
    for group in kept:
        if not group.members:
            raise RecordError(f"no model of {group.name} has a place on a {axis} axis", fix="use axis: linear")
    return kept, ((f"without {name_first(lost)}: 0% and 100% have no place on a {axis} axis",) if lost else ())


def _have_places(members: Sequence[Member], axis: AxisName) -> npt.NDArray[np.bool_]:
    """Say for each member whether its x, its y and, where it has one, its start have a place on the axis: (n,)."""
    values = np.array([(m.x, m.y, m.x if isnan(m.start) else m.start) for m in members]).reshape(-1, 3)
    return np.asarray(np.isfinite(forward(values, axis)).all(axis=1))


def say_extrapolated(group: ModelGroup, fitted: ModelGroup) -> str:
    """Say beside a number how many members of a group lie outside the x of the models that draw the line."""
    outside = _count_outside(group, fitted)
    return f", extrapolated for {outside} of {len(group.members)} models" if outside else ""


def note_extrapolation(group: ModelGroup, fitted: ModelGroup, x_unit: str) -> tuple[str, ...]:
    """Say how many members of a group lie outside the x of the models that draw the line."""
    low, high = float(fitted.points.x.min()), float(fitted.points.x.max())
    outside = _count_outside(group, fitted)
    if not outside:
        return ()
    place = f"{say_value(low, x_unit)} to {say_value(high, x_unit)}"
    return (
        f"extrapolated: {outside} of {len(group.members)} models of {group.name} lie outside the line's x, {place}",
    )


def _count_outside(group: ModelGroup, fitted: ModelGroup) -> int:
    return int(((group.points.x < fitted.points.x.min()) | (group.points.x > fitted.points.x.max())).sum())


def note_weak_lines(groups: Sequence[ModelGroup], axis: AxisName) -> tuple[str, ...]:
    """Say which groups' lines explain little."""
    weak = [(group.name, r2) for group in groups if (r2 := _r2(group.points, axis)) < LITTLE_EXPLAINED]
    return tuple(f"the line of {name} explains little (r2 = {r2:.2f} on {axis} axes)" for name, r2 in weak)


def describe_lines(groups: Sequence[ModelGroup], axis: AxisName, x_unit: str) -> Pairs:
    """Describe the line of each group."""
    return tuple(("line of " + group.name, _line_text(group.points, axis, x_unit)) for group in groups)


def _line_text(points: Points, axis: AxisName, x_unit: str) -> str:
    line = fit_line(points, axis)
    slope, r2 = float(line.slope[0]), r_squared(points, line)
    reach = f"x {say_value(float(points.x.min()), x_unit)} to {say_value(float(points.x.max()), x_unit)}"
    return f"{points.size} models, slope {slope:.3f} ({axis}), r2 {r2:.3f}, {reach}"


def _r2(points: Points, axis: AxisName) -> float:
    return r_squared(points, fit_line(points, axis))
