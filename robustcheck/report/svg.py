"""The static trend plot as SVG paths: few bytes a point, and coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from robustcheck.report.plot import Marker, TrendPlot, has_bars, shown_group
from robustcheck.report.words import Kind

_MARKER = 8.0
# Relative outlines around a marker's centre; a dot is a stroke with round ends, not of length
# zero, which a PDF leaves out.
_OUTLINES: dict[Kind, str] = {
    "fail": "m-4.6-3.8h9.2l-4.6 8z",
    "error": "m-4-4l8 8m0-8l-8 8",
    "unsure": "m0-5l5 5-5 5-5-5z",
    "warn": "m-3.8-3.8h7.6v7.6h-7.6z",
    "known": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "pass": "h.01",
    "skip": "m-3 0h6",
}


def dots_path(plot: TrendPlot, group: str) -> str:
    """Return the dots of one population group: whole pixels, each relative to the one before it."""
    members = [plot.pixel(dot.x, dot.y) for dot in plot.dots if shown_group(dot.group, plot.colours) == group]
    places = sorted((round(x), round(y)) for x, y in members)
    steps = zip([(0, 0), *places], places, strict=False)
    return "".join(f"m{x - x0} {y - y0}h.01" for (x0, y0), (x, y) in steps)


def markers_path(plot: TrendPlot, kind: Kind) -> str:
    """Return the markers of the checked models of one kind."""
    members = (marker for marker in plot.markers if marker.kind == kind)
    return "".join(f"M{_at(plot, marker.x, marker.y)}{_OUTLINES[kind]}" for marker in members)


def intervals_path(plot: TrendPlot, kind: Kind) -> str:
    """Return the interval bars of the checked models of one kind, across and up."""
    members = [marker for marker in plot.markers if marker.kind == kind and has_bars(plot, marker)]
    return "".join(_bars(plot, marker) for marker in members)


def trajectories_path(plot: TrendPlot) -> str:
    """Return the ways of the training runs, checkpoint after checkpoint."""
    return "".join(_path(plot, [(marker.x, marker.y) for marker in run]) for run in plot.trajectories)


def _bars(plot: TrendPlot, marker: Marker) -> str:
    left, bottom = plot.pixel(marker.x_span[0], marker.y_span[0])
    right, top = plot.pixel(marker.x_span[1], marker.y_span[1])
    x, y = plot.pixel(marker.x, marker.y)
    # A bar that its own marker covers cannot be seen.
    across = f"M{left:.1f} {y:.1f}H{right:.1f}" if right - left > _MARKER else ""
    up = f"M{x:.1f} {bottom:.1f}V{top:.1f}" if bottom - top > _MARKER else ""
    return across + up


def line_path(plot: TrendPlot) -> str:
    """Return the line of the fit."""
    return _path(plot, [(x, y) for x, y, _, _ in plot.line])


def limit_path(plot: TrendPlot) -> str:
    """Return the line shifted by the limit."""
    return _path(plot, plot.limit)


def band_path(plot: TrendPlot) -> str:
    """Return the outline of the prediction band."""
    upper = [(x, high) for x, _, _, high in plot.line]
    lower = [(x, low) for x, _, low, _ in reversed(plot.line)]
    return f"{_path(plot, [*upper, *lower])}Z" if plot.line else ""


def said(plot: TrendPlot) -> str:
    """Say in words what the plot shows, for those who do not see it."""
    figure, counts = plot.figure, ", ".join(f"{number} {kind}" for kind, number in plot.kinds)
    candidates = f"; checked models: {counts}" if counts else ""
    return f"{figure.y_label} against {figure.x_label}, with the trend of {figure.population}{candidates}"


def _path(plot: TrendPlot, points: Sequence[tuple[float, float]]) -> str:
    return _joined(_at(plot, x, y) for x, y in points)


def _joined(places: Iterable[str]) -> str:
    text = "L".join(places)
    return f"M{text}" if text else ""


def _at(plot: TrendPlot, x: float, y: float) -> str:
    across, down = plot.pixel(x, y)
    return f"{across:.1f} {down:.1f}"
