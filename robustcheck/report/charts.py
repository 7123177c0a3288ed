"""The data of trend plots as Vega-Lite takes it, and the specification of each form of plot, which ships."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from robustcheck.report.labels import Label
from robustcheck.report.plot import PHONE, Dot, Marker, TrendPlot, has_bars, labelled_at, shown_group
from robustcheck.report.plot_axes import AxisKind, PlotAxis
from robustcheck.report.words import KINDS, Kind, isolated_text

TEMPLATES = "charts.json"
# Labels on a plot as wide as a phone.
_NARROW_LABELS = 3
# The letter of each kind of verdict in the data of a plot.
CODES: dict[Kind, str] = {kind: kind[0] for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Form:
    """What plots of one specification have in common: the transform, and which axes are in percent."""

    kind: AxisKind
    x_unit: str
    y_unit: str

    @property
    def name(self) -> str:
        """Return the name by which the page finds the specification."""
        return "/".join((self.kind, self.x_unit or "bare", self.y_unit or "bare"))


def form_of(plot: TrendPlot) -> Form:
    """Return the form of a plot."""
    x, y = ("%" if axis.unit == "%" else "" for axis in (plot.x, plot.y))
    return Form(plot.figure.fit.axis, x, y)


def chart_templates(forms: Iterable[Form]) -> dict[str, Any]:
    """Return the Vega-Lite specifications of the forms, by their names."""
    shipped = json.loads((files("robustcheck.report") / "static" / TEMPLATES).read_bytes())
    return {form.name: shipped[form.name] for form in forms}


def chart_axes(plot: TrendPlot) -> dict[str, Any]:
    """Return what the template lacks: domains, ticks and titles of both axes, and the groups' colours."""
    everything: list[Dot | Marker] = [*plot.dots, *plot.markers]
    return {
        "x": _axis_values(plot.x, plot.x_title, [mark.x for mark in everything]),
        "y": _axis_values(plot.y, plot.y_title, [mark.y for mark in everything]),
        "groups": {name: colour for name, colour, _ in plot.groups},
        "kind": plot.figure.fit.axis,
        "crowded": plot.is_crowded,
    }


def chart_data(plot: TrendPlot, names: dict[str, int]) -> dict[str, Any]:
    """Return the data of a plot as columns; ``names`` numbers the models of the whole page."""
    groups = [name for name, _, _ in plot.groups]
    return {
        "line": _columns(["x", "y", "lo", "hi"], plot.line),
        "limit": _columns(["x", "y"], plot.limit),
        "population": _columns(
            ["m", "x", "y", "g"],
            [
                (_number(names, dot.model), dot.x, dot.y, groups.index(shown_group(dot.group, plot.colours)))
                for dot in plot.dots
            ],
        ),
        "checked": _columns(
            ["m", "s", "x", "y", "xl", "xh", "yl", "yh", "c", "cl", "ch"],
            [(_number(names, marker.model), *_checked_row(plot, marker)) for marker in plot.markers],
        ),
        "way": _columns(["x", "y", "k"], _way_rows(plot)),
        "labels": _label_columns(plot, plot.labels, names),
        "narrow": _label_columns(
            replace(plot, x=replace(plot.x, length=PHONE[0]), y=replace(plot.y, length=PHONE[1])),
            labelled_at(plot, PHONE, _NARROW_LABELS),
            names,
        ),
    }


def _way_rows(plot: TrendPlot) -> list[tuple[float, float, int]]:
    return [(marker.x, marker.y, index) for index, run in enumerate(plot.trajectories) for marker in run]


def _number(names: dict[str, int], model: str) -> int:
    return names.setdefault(model, len(names))


def _columns(names: list[str], rows: Any) -> dict[str, list[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: [_rounded(cell) for cell in column] for name, column in zip(names, columns, strict=True)}


def _rounded(cell: Any) -> Any:
    if not isinstance(cell, float):
        return cell
    # Significant digits: values of some metrics are far from 1.
    return float(f"{cell:.5g}") if math.isfinite(cell) else None


def _checked_row(plot: TrendPlot, marker: Marker) -> tuple[Any, ...]:
    verdict = marker.result.verdict
    judged = (verdict.compared, verdict.low, verdict.high)
    bars = (*marker.x_span, *marker.y_span) if has_bars(plot, marker) else (marker.x, marker.x, marker.y, marker.y)
    return CODES[marker.kind], marker.x, marker.y, *bars, *judged


def _label_columns(plot: TrendPlot, labels: Sequence[Label], names: dict[str, int]) -> dict[str, list[Any]]:
    rows = [(*_label_row(plot, label), _number(names, label.model)) for label in labels]
    return _columns(["x", "y", "tx", "ty", "a", "t", "m"], rows)


def _label_row(plot: TrendPlot, label: Label) -> tuple[Any, ...]:
    places = ((label.anchor.x, label.anchor.y), (label.x, label.y))
    (x, y), (tx, ty) = (_position(plot, *place) for place in places)
    return x, y, tx, ty, label.align, isolated_text(label.anchor.text)


def _position(plot: TrendPlot, x: float, y: float) -> tuple[float, float]:
    (x0, x1), (y0, y1) = plot.x.domain, plot.y.domain
    return x0 + (x1 - x0) * x / plot.x.length, y1 - (y1 - y0) * y / plot.y.length


def _axis_values(axis: PlotAxis, title: list[str], places: list[float]) -> dict[str, Any]:
    ticks = [float(f"{position:.8g}") for position, _ in axis.ticks()]
    low, high = min([axis.domain[0], *places]), max([axis.domain[1], *places])
    titles = [isolated_text(line) for line in title]
    return {"domain": list(axis.domain), "ticks": ticks, "title": titles, "whole": [low, high]}
