"""The pictures that a result carries: reliability, ROC and histograms laid out as curves, bars as rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from robustcheck.report.plot_axes import PlotAxis, axis_over
from robustcheck.report.words import plain
from robustcheck.values import Picture, Quantity, Result, Thumbnail, Trace

WIDTH, HEIGHT = 280.0, 200.0
_COLOURS = tuple(f"var(--g{number})" for number in (1, 4, 3, 5, 2, 6, 7))
# A dot of a reliability diagram covers the share of the images in its bin.
_LARGEST, _SMALLEST = 6.0, 1.5


@dataclass(frozen=True, slots=True)
class Spot:
    """A dot in pixels; ``said`` is its place in words."""

    x: float
    y: float
    radius: float
    said: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One series in pixels: a line with its dots, or the outline of bars down to the axis."""

    name: str
    colour: str
    path: str
    spots: tuple[Spot, ...]
    is_filled: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture laid out: its axes and curves, and the diagonal or the vertical line that it is read against."""

    title: str
    x: PlotAxis
    y: PlotAxis
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    reference: str
    mark: Spot | None

    def across(self, value: float) -> float:
        """Return an x in pixels."""
        return round(self.x.share(value) * self.x.length, 1)

    def down(self, value: float) -> float:
        """Return a y in pixels, downwards."""
        return round((1 - self.y.share(value)) * self.y.length, 1)


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar: its share of the axis in per cent, and its value in words."""

    name: str
    width: float
    said: str
    n: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below each other; ``mean`` is where the value of all lies, in per cent of the axis."""

    title: str
    label: str
    rows: tuple[BarRow, ...]
    mean: float | None


@dataclass(frozen=True, slots=True)
class LaidOut:
    """What a result carries, laid out: curves, bars, and the images with what is said of them."""

    diagrams: tuple[Diagram, ...]
    bars: tuple[Bars, ...]
    images: tuple[Thumbnail, ...]
    said: str

    def __bool__(self) -> bool:
        """Tell whether there is anything to show."""
        return bool(self.diagrams or self.bars or self.images or self.said)


def drawings(result: Result, pictures: Sequence[Picture] | None = None) -> LaidOut:
    """Lay out what a result carries; ``pictures`` stand in place of its own."""
    found = result.drawn.pictures if pictures is None else pictures
    curves = [diagram(picture) for picture in found if picture.kind != "bars"]
    rows = [bars(picture) for picture in found if picture.kind == "bars"]
    return LaidOut(
        tuple(curve for curve in curves if curve is not None), tuple(rows), result.drawn.images, result.drawn.said
    )


def with_siblings(results: Sequence[Result]) -> dict[str, tuple[Picture, ...]]:
    """Return the pictures of each result, reliability before and after scaling in one: those of one model and data."""
    lines: dict[tuple[str, Quantity], dict[str, Trace]] = {}
    for result in results:
        for series in _reliability(result.drawn.pictures):
            lines.setdefault(_unscaled(result), {}).setdefault(series.name, series)
    return {
        result.nodeid: tuple(
            replace(picture, series=tuple(lines[_unscaled(result)].values()))
            if picture.kind == "reliability"
            else picture
            for picture in result.drawn.pictures
        )
        for result in results
        if result.drawn.pictures
    }


def _reliability(pictures: Sequence[Picture]) -> list[Trace]:
    return [series for picture in pictures if picture.kind == "reliability" for series in picture.series]


def _unscaled(result: Result) -> tuple[str, Quantity]:
    """Return the model, and what was measured without what says how confidences were scaled."""
    assert result.score is not None, "only what was measured has pictures"
    quantity = result.score.cell.quantity
    options = tuple(pair for pair in quantity.options if pair[0] != "temperature")
    return result.model.id, replace(quantity, metric="", options=options)


def bars(picture: Picture) -> Bars:
    """Lay out bars from zero to one, in the order in which they come."""
    (series,) = picture.series
    named = zip(series.names, series.y, series.n, strict=True)
    rows = tuple(BarRow(name, round(100 * share, 1), plain(share, "%"), n) for name, share, n in named)
    mean = None if picture.mark is None else round(100 * picture.mark[0], 1)
    return Bars(picture.title, picture.x_label, rows, mean)


def diagram(picture: Picture) -> Diagram | None:
    """Lay out curves by their kind; None where they hold no numbers."""
    places = [(x, y) for series in picture.series for x, y in zip(series.x, series.y, strict=False)]
    if not any(math.isfinite(x) and math.isfinite(y) for x, y in places):
        return None
    has_bars = picture.kind == "histogram"
    x, y = _axes(picture, places)
    bare = Diagram(picture.title, x, y, picture.x_label, picture.y_label, (), "", None)
    curves = [_curve(bare, one, _COLOURS[place % len(_COLOURS)], has_bars) for place, one in enumerate(picture.series)]
    return replace(bare, curves=tuple(curves), reference=_reference(bare, picture), mark=_mark(bare, picture))


def _axes(picture: Picture, places: Sequence[tuple[float, float]]) -> tuple[PlotAxis, PlotAxis]:
    """Shares run from 0 to 1 on both axes; the bars of a histogram stand on zero."""
    if picture.kind != "histogram":
        return PlotAxis("linear", (0.0, 1.0), WIDTH), PlotAxis("linear", (0.0, 1.0), HEIGHT)
    edges = [x for x, _ in places] + [series.x[-1] for series in picture.series if series.x]
    heights = [y for _, y in places if math.isfinite(y)]
    return (
        axis_over("linear", edges, WIDTH, padding=0.02, unit="%" if picture.x_label == "confidence" else ""),
        PlotAxis("linear", (0.0, 1.08 * max(heights, default=1.0) or 1.0), HEIGHT),
    )


def _curve(bare: Diagram, series: Trace, colour: str, has_bars: bool) -> Curve:
    if has_bars:
        return Curve(series.name, colour, _outline(bare, series), (), is_filled=True)
    points = [(x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
    path = "M" + "L".join(f"{bare.across(x)} {bare.down(y)}" for x, y in points)
    return Curve(series.name, colour, path, tuple(_spots(bare, series)), is_filled=False)


def _outline(bare: Diagram, series: Trace) -> str:
    """Return the outline of bars: ``x`` holds their edges, one more than there are heights."""
    left = bare.across(series.x[0])
    steps = [f"V{bare.down(height)}H{bare.across(edge)}" for edge, height in zip(series.x[1:], series.y, strict=True)]
    return f"M{left} {bare.down(0.0)}{''.join(steps)}V{bare.down(0.0)}Z"


def _spots(bare: Diagram, series: Trace) -> list[Spot]:
    """Return the dots of a series that says how many images stand behind each."""
    largest = max(series.n, default=0)
    shown = zip(series.x, series.y, series.n, strict=False)
    return [
        Spot(
            bare.across(x),
            bare.down(y),
            round(max(_SMALLEST, _LARGEST * math.sqrt(n / largest)), 1),
            f"{series.name}: {x:.1%}, {y:.1%}, n = {n:,}",
        )
        for x, y, n in shown
        if n and math.isfinite(x) and math.isfinite(y)
    ]


def _reference(bare: Diagram, picture: Picture) -> str:
    """Return the line that a picture is read against: the diagonal, or where a histogram is cut in two."""
    if picture.kind == "histogram":
        cut = None if picture.mark is None else bare.across(picture.mark[0])
        return "" if cut is None else f"M{cut} 0V{bare.y.length}"
    return f"M{bare.across(0.0)} {bare.down(0.0)}L{bare.across(1.0)} {bare.down(1.0)}"


def _mark(bare: Diagram, picture: Picture) -> Spot | None:
    """Return the operating point of a curve."""
    if picture.mark is None or picture.kind == "histogram":
        return None
    x, y = picture.mark
    return Spot(
        bare.across(x), bare.down(y), _LARGEST, f"operating point: {picture.y_label} {y:.1%}, {picture.x_label} {x:.1%}"
    )
