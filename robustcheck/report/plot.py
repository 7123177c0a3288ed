"""A trend plot worked out once, for the interactive chart and for the static one."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from robustcheck.report.checkpoints import checkpoint
from robustcheck.report.labels import Anchor, Label, place_labels
from robustcheck.report.plot_axes import PlotAxis, axis_over, transformer
from robustcheck.report.window import at, x_window, y_window
from robustcheck.report.words import KINDS, Kind, case_of, kind_of, signed
from robustcheck.values import Result, TrendFigure, TrendPoint

Size = tuple[float, float]
FULL: Size = (540.0, 350.0)
# Beside a reason.
SMALL: Size = (300.0, 160.0)
# What plots.js leaves of a phone's 390 pixels.
PHONE: Size = (252.0, 189.0)
MOST_LABELS = 6
# So few candidates are named whatever became of them; of more, those that need attention.
_FEW = 3
# With more candidates than this, only those that need attention keep the bars of their intervals.
_CROWD = 40
_LINE_SAMPLES = 24
_TITLE_GLYPH = 6.6
OTHER = "other"
# In the order in which they are told apart best, from each other and from the line.
_BESIDE_THE_LINE = tuple(f"var(--g{number})" for number in (4, 7, 3, 5, 2, 6))
# Below this share the line says more about its own scatter than about a model; a hint, not a verdict.
_EXPLAINS_LITTLE = 0.8
_LABELLED: tuple[Kind, ...] = ("fail", "error", "unsure", "warn", "known")


LineSample = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Marker:
    """A checked model on the plot, in transformed units."""

    model: str
    kind: Kind
    x: float
    y: float
    x_span: tuple[float, float]
    y_span: tuple[float, float]
    result: Result


@dataclass(frozen=True, slots=True)
class Dot:
    """A population member on the plot, in transformed units."""

    model: str
    x: float
    y: float
    group: str


@dataclass(frozen=True, slots=True)
class TrendPlot:
    """Everything drawn: positions on transformed axes, labels placed in pixels."""

    figure: TrendFigure
    key: str
    title: str
    case: str
    x: PlotAxis
    y: PlotAxis
    line: tuple[LineSample, ...]
    limit: tuple[tuple[float, float], ...]
    limit_text: str
    dots: tuple[Dot, ...]
    hidden: int
    markers: tuple[Marker, ...]
    cautions: tuple[str, ...]
    colours: Mapping[str, str]
    labels: tuple[Label, ...] = ()

    @property
    def size(self) -> Size:
        """Return width and height of the view in pixels."""
        return self.x.length, self.y.length

    @property
    def is_crowded(self) -> bool:
        """Tell whether there are so many candidates that not all of them can have bars."""
        return len(self.markers) > _CROWD

    @property
    def trajectories(self) -> list[list[Marker]]:
        """List the training runs among the candidates, each in the order of its checkpoints."""
        runs: dict[str, list[tuple[int, Marker]]] = {}
        for marker in self.markers:
            if found := checkpoint(marker.model):
                runs.setdefault(found[0], []).append((found[1], marker))
        ordered = [sorted(run, key=lambda one: one[0]) for run in runs.values() if len(run) > _FEW - 1]
        return [[marker for _, marker in run] for run in ordered]

    @property
    def groups(self) -> list[tuple[str, str, int]]:
        """List the groups in the view with their colour and size, largest first."""
        counts = Counter(shown_group(dot.group, self.colours) for dot in self.dots)
        return [(name, self.colours.get(name, "var(--g0)"), count) for name, count in counts.most_common()]

    @property
    def population(self) -> str:
        """Say which models the line was drawn through."""
        of = f", line of {self.figure.line_of}" if self.figure.line_of else ""
        return f"population {self.figure.population}{of}"

    @property
    def x_title(self) -> list[str]:
        """Return the title of the x axis in lines that fit it."""
        return _wrapped(self.figure.x_label, self.x.length)

    @property
    def y_title(self) -> list[str]:
        """Return the title of the y axis in lines that fit it."""
        return _wrapped(self.figure.y_label, self.y.length)

    @property
    def kinds(self) -> list[tuple[Kind, int]]:
        """List the kinds of outcome on the plot with their numbers."""
        counts = Counter(marker.kind for marker in self.markers)
        return [(kind, counts[kind]) for kind in KINDS if counts[kind]]

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return a transformed position in pixels, y downwards."""
        return self.x.share(x) * self.x.length, (1 - self.y.share(y)) * self.y.length


def _wrapped(text: str, length: float) -> list[str]:
    return textwrap.wrap(text, int(length / _TITLE_GLYPH), break_on_hyphens=False) or [""]


def group_colours(figures: Iterable[TrendFigure]) -> dict[str, str]:
    """Give the commonest groups of all figures one colour each, the same in every plot."""
    counts = Counter(point.group for figure in figures for point in figure.points)
    names = [name for name, _ in counts.most_common(7) if name and name != OTHER]
    return {name: f"var(--g{index + 1})" for index, name in enumerate(names)}


def shown_group(group: str, colours: Mapping[str, str]) -> str:
    """Return the group that the legend names: itself when it has a colour, else the rest."""
    return group if group in colours else OTHER


def own_colours(figure: TrendFigure) -> dict[str, str]:
    """Colour the groups of a plot that compares them: the line's own blue for those that it fits."""
    others = sorted({point.group for point in figure.points} - {figure.line_of})
    return {figure.line_of: "var(--g1)"} | dict(zip(others, _BESIDE_THE_LINE, strict=False))


def trend_plot(
    figure: TrendFigure, results: Sequence[Result], colours: Mapping[str, str], size: Size = FULL
) -> TrendPlot:
    """Work out the plot of one check from its figure and the results of the checked models."""
    z = transformer(figure.fit.axis)
    line = tuple((z(x), z(y), z(low), z(high)) for x, y, low, high in _thinned(figure.line))
    markers = tuple(marker for result in results if (marker := _marker(result, figure)))
    dots = _dots(figure.points, {marker.model for marker in markers}, figure)
    limit, limit_text = _limit_line(figure, results)
    x, y = _axes(figure, line, markers, dots, size)
    inside = tuple(dot for dot in dots if 0 <= x.share(dot.x) <= 1 and 0 <= y.share(dot.y) <= 1)
    title, case = (results[0].title, case_of(results[0])) if results else (figure.check_key, "")
    plot = TrendPlot(
        figure, figure.check_key, title, case, x, y, line, limit, limit_text,
        inside, len(dots) - len(inside), markers, _cautions(figure, results), colours,
    )  # fmt: skip
    return replace(plot, labels=tuple(_labels(plot)))


def _thinned(line: Sequence[LineSample]) -> list[LineSample]:
    """Keep as many samples of a smooth line as the eye can use, both ends among them."""
    step = max(1, len(line) // _LINE_SAMPLES)
    return [*line[:-1:step], *line[-1:]]


def _marker(result: Result, figure: TrendFigure) -> Marker | None:
    score, against = result.score, _place_on_x(result, figure)
    if score is None or against is None or result.verdict.status == "skip":
        return None
    if not all(math.isfinite(place) for place in (*against, score.value, score.low, score.high)):
        return None
    z = transformer(figure.fit.axis)
    x, low, high = map(z, against)
    kind, span = kind_of(result.verdict), (z(score.low), z(score.high))
    return Marker(result.model.id, kind, x, z(score.value), (low, high), span, result)


def _place_on_x(result: Result, figure: TrendFigure) -> tuple[float, float, float] | None:
    """Return the x of a checked model with its interval; what a plane expects has none of its own."""
    expected = result.verdict.expected
    if figure.of_expected:
        return None if expected is None else (expected, expected, expected)
    return None if result.x is None else (result.x.value, result.x.low, result.x.high)


def _dots(points: Iterable[TrendPoint], checked: set[str], figure: TrendFigure) -> tuple[Dot, ...]:
    z = transformer(figure.fit.axis)
    return tuple(Dot(p.model, z(p.x), z(p.y), p.group) for p in points if p.model not in checked)


def _limit_line(figure: TrendFigure, results: Sequence[Result]) -> tuple[tuple[tuple[float, float], ...], str]:
    """Shift the line by the limit when every verdict holds a residual against the same one."""
    # A limit on a mean over models is not one on each of them.
    results = [result for result in results if not result.is_about_groups]
    limits = {r.verdict.limit for r in results if r.verdict.expected is not None and _judges_residual(r)}
    if len(limits) != 1 or not figure.line:
        return (), ""
    limit = limits.pop() or 0.0
    z = transformer(figure.fit.axis)
    # Curved axes end at 0 and 1: there the limit cannot be missed.
    is_open = figure.fit.axis == "linear"
    shifted = tuple((z(x), z(y + limit)) for x, y, _, _ in _thinned(figure.line) if is_open or 0 < y + limit < 1)
    return shifted, f"limit {signed(limit, figure.y_unit)}"


def _judges_residual(result: Result) -> bool:
    verdict = result.verdict
    if verdict.limit is None or verdict.value is None or verdict.compared is None or verdict.expected is None:
        return False
    return abs(verdict.value - verdict.expected - verdict.compared) < 1e-9


def _axes(
    figure: TrendFigure, line: Sequence[LineSample], markers: Sequence[Marker], dots: Sequence[Dot], size: Size
) -> tuple[PlotAxis, PlotAxis]:
    kind = figure.fit.axis
    across = x_window([marker.x for marker in markers], [dot.x for dot in dots] or [sample[0] for sample in line])
    x = axis_over(kind, across, size[0], padding=0.06, unit=figure.x_unit)
    centre = [(sample[0], sample[1]) for sample in line]
    ends = [at(centre, edge) for edge in x.domain] if len(centre) > 1 else []
    shown = [dot.y for dot in dots if x.domain[0] <= dot.x <= x.domain[1]]
    marks = [place for marker in markers for place in (marker.y, *marker.y_span)]
    return x, axis_over(kind, y_window(marks, shown, ends), size[1], padding=0.07, unit=figure.y_unit)


def _cautions(figure: TrendFigure, results: Sequence[Result]) -> tuple[str, ...]:
    """Collect what limits this trend: the notes that every judged model shares, and a poor fit."""
    verdicts = [result.verdict for result in results if not result.verdict.excused]
    judged = [verdict.notes for verdict in verdicts if verdict.margin is not None]
    shared = tuple(note for note in judged[0] if all(note in notes for notes in judged)) if judged else ()
    if figure.fit.r2 >= _EXPLAINS_LITTLE or any("explain" in note for note in shared):
        return shared
    return (*shared, f"This line explains only {figure.fit.r2:.0%} of the population's spread.")


def labelled_at(plot: TrendPlot, size: Size, most: int) -> tuple[Label, ...]:
    """Place the labels anew for a view of another size."""
    x, y = replace(plot.x, length=size[0]), replace(plot.y, length=size[1])
    return tuple(_labels(replace(plot, x=x, y=y), most))


def _labels(plot: TrendPlot, most: int = MOST_LABELS) -> list[Label]:
    wanted = [marker for marker in plot.markers if marker.kind in _LABELLED or len(plot.markers) <= _FEW]
    order = [*_LABELLED, *KINDS]
    wanted.sort(key=lambda marker: (order.index(marker.kind), marker.result.verdict.margin or 0.0))
    # The last checkpoint of a training run tells which run it is.
    wanted += [run[-1] for run in plot.trajectories if run[-1] not in wanted]
    anchors = [Anchor(*plot.pixel(marker.x, marker.y), marker.model, marker.model) for marker in wanted]
    taken = [plot.pixel(marker.x, marker.y) for marker in plot.markers]
    taken += [plot.pixel(dot.x, dot.y) for dot in plot.dots]
    taken += [place for marker in plot.markers for place in _bars(plot, marker)]
    taken += _along(plot, [(x, y) for x, y, _, _ in plot.line]) + _along(plot, plot.limit)
    return place_labels(anchors, taken, plot.size, most)


def has_bars(plot: TrendPlot, marker: Marker) -> bool:
    """Tell whether the bars of a marker's intervals are drawn."""
    return not plot.is_crowded or marker.kind in _LABELLED


def _bars(plot: TrendPlot, marker: Marker) -> list[tuple[float, float]]:
    """Return pixels along the interval bars of a marker, beyond the marker itself."""
    if not has_bars(plot, marker):
        return []
    (left, right), (low, high) = marker.x_span, marker.y_span
    shares = [step / 8 for step in range(9)]
    across = [plot.pixel(left + share * (right - left), marker.y) for share in shares]
    up = [plot.pixel(marker.x, low + share * (high - low)) for share in shares]
    return across + up


def _along(plot: TrendPlot, line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return pixels along a line, close enough that no label fits between them."""
    low, high = plot.x.domain
    steps = [low + (high - low) * step / 60 for step in range(61)] if len(line) > 1 else []
    return [plot.pixel(position, at(line, position)) for position in steps]
