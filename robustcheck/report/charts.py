"""Trend plots as Vega-Lite, built with Altair; colours are the page's own, so a theme needs no redraw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robustcheck.report.axes import Axis, AxisKind, back_expression
from robustcheck.report.plot import HEIGHT, WIDTH, Marker, TrendPlot, shown_group
from robustcheck.report.words import KINDS, Kind

_PAPER = "var(--paper)"
_FONT = "system-ui, sans-serif"
_CODES: dict[Kind, str] = {kind: kind[0] for kind in KINDS}
_COLOURS: dict[Kind, str] = {kind: f"var(--{kind})" for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Form:
    """What plots of one specification have in common: the transform, and the units of both axes."""

    kind: AxisKind
    x_unit: str
    y_unit: str

    @property
    def name(self) -> str:
        """Return the name by which the page finds the specification."""
        return "/".join((self.kind, self.x_unit or "bare", self.y_unit or "bare"))


def form_of(plot: TrendPlot) -> Form:
    """Return the form of a plot."""
    return Form(plot.figure.fit.axis, plot.x.unit, plot.y.unit)


def chart_template(form: Form) -> dict[str, Any]:
    """Return the Vega-Lite specification that all plots of one form share.

    The page fills in each plot's domains, ticks, titles and groups: Altair needs far longer to
    build a chart than a browser to patch one.
    """
    import altair as alt

    layers = [
        *_line_layers(alt, form),
        _population_layer(alt, form),
        *_interval_layers(alt, form),
        _checked_layer(alt, form),
        *_label_layers(alt, form),
    ]
    # Groups and statuses each have colours of their own.
    chart = alt.layer(*layers).resolve_scale(color="independent")
    chart = chart.properties(width=WIDTH, height=HEIGHT, padding=4)
    styled = chart.configure(background="transparent", font=_FONT).configure_view(stroke=None)
    spec: dict[str, Any] = styled.to_dict()
    return spec


def chart_axes(plot: TrendPlot) -> dict[str, Any]:
    """Return what the template lacks: domains, ticks and titles of both axes, and the groups' colours."""
    return {
        "x": _axis_values(plot.x, plot.x_title),
        "y": _axis_values(plot.y, plot.y_title),
        "groups": {name: colour for name, colour, _ in plot.groups},
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
            [(_number(names, marker.model), *_checked_row(marker)) for marker in plot.markers],
        ),
        "labels": _columns(
            ["x", "y", "tx", "ty", "a", "t"], [_label_row(plot, index) for index in range(len(plot.labels))]
        ),
    }


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


def _checked_row(marker: Marker) -> tuple[Any, ...]:
    verdict = marker.result.verdict
    judged = (verdict.compared, verdict.low, verdict.high)
    return _CODES[marker.kind], marker.x, marker.y, *marker.x_span, *marker.y_span, *judged


def _label_row(plot: TrendPlot, index: int) -> tuple[Any, ...]:
    label = plot.labels[index]
    places = ((label.anchor.x, label.anchor.y), (label.x, label.y))
    (x, y), (tx, ty) = (_position(plot, *place) for place in places)
    return x, y, tx, ty, label.align, label.anchor.text


def _position(plot: TrendPlot, x: float, y: float) -> tuple[float, float]:
    (x0, x1), (y0, y1) = plot.x.domain, plot.y.domain
    return x0 + (x1 - x0) * x / plot.x.length, y1 - (y1 - y0) * y / plot.y.length


def _axis_values(axis: Axis, title: list[str]) -> dict[str, Any]:
    ticks = [float(f"{position:.8g}") for position, _ in axis.ticks()]
    return {"domain": list(axis.domain), "ticks": ticks, "title": title}


def _written(value: str, unit: str) -> str:
    """Return the Vega expression that writes a value for a tick."""
    return f"format(100*({value}),'.4~g')+'%'" if unit == "%" else f"format({value},'.4~g')"


def _exactly(value: str, unit: str) -> str:
    """Return the Vega expression that writes a value for a tooltip."""
    return f"format({value},'.1%')" if unit == "%" else f"format({value},'.4~g')"


def _difference(value: str, unit: str) -> str:
    return f"format(100*{value},'+.1f')" if unit == "%" else f"format({value},'+.3~g')"


def _scaled(alt: Any, channel: Any, field: str, form: Form) -> Any:
    unit = form.x_unit if channel is alt.X else form.y_unit
    labels = _written(back_expression(form.kind, "datum.value"), unit)
    return channel(
        f"{field}:Q",
        title=None,
        scale=alt.Scale(domain=[0, 1], zero=False, nice=False),
        axis=alt.Axis(
            values=[0], labelExpr=labels, grid=True, ticks=False,
            gridColor="var(--grid)", domain=False, labelColor="var(--soft)", titleColor="var(--soft)",
            titleFontWeight="normal", titleFontSize=12, labelFontSize=11, labelPadding=6, titlePadding=8,
        ),
    )  # fmt: skip


def _xy(alt: Any, form: Form, x: str = "x", y: str = "y") -> dict[str, Any]:
    return {"x": _scaled(alt, alt.X, x, form), "y": _scaled(alt, alt.Y, y, form)}


def _line_layers(alt: Any, form: Form) -> list[Any]:
    line, limit = alt.Chart(alt.NamedData(name="line")), alt.Chart(alt.NamedData(name="limit"))
    return [
        line.mark_area(clip=True, color="var(--line)", opacity=0.1).encode(**_xy(alt, form, y="lo"), y2="hi"),
        line.mark_line(clip=True, color="var(--line)", strokeWidth=1.6).encode(**_xy(alt, form)),
        limit.mark_line(clip=True, color="var(--fail)", strokeWidth=1.1, strokeDash=[4, 3]).encode(**_xy(alt, form)),
    ]


def _population_layer(alt: Any, form: Form) -> Any:
    colour = alt.Color("g:N", legend=None, scale=alt.Scale(domain=["group"], range=["var(--g0)"]))
    chart = _with_values(alt.Chart(alt.NamedData(name="population")), form)
    tooltip = [*_tooltips(alt, "model", "y value", "x value"), alt.Tooltip("g:N", title="population group")]
    points = chart.mark_point(clip=True, filled=True, size=34, opacity=0.75)
    return points.encode(**_xy(alt, form), color=colour, tooltip=tooltip)


def _interval_layers(alt: Any, form: Form) -> list[Any]:
    chart = alt.Chart(alt.NamedData(name="checked"))
    rule = chart.mark_rule(clip=True, strokeWidth=1.2, opacity=0.55)
    colour = _by_kind(alt, alt.Color, _COLOURS)
    return [
        rule.encode(**_xy(alt, form, y="yl"), y2="yh", color=colour),
        rule.encode(**_xy(alt, form, x="xl"), x2="xh", color=colour),
    ]


def _checked_layer(alt: Any, form: Form) -> Any:
    chart = _with_values(alt.Chart(alt.NamedData(name="checked")), form)
    middle, low, high = (_difference(f"datum.{name}", form.y_unit) for name in ("c", "cl", "ch"))
    points_said = "' pp ('" if form.y_unit == "%" else "' ('"
    chart = chart.transform_calculate(residual=f"{middle}+{points_said}+{low}+' to '+{high}+')'")
    tooltip = _tooltips(alt, "model", "y value", "x value", "residual", "verdict")
    points = chart.mark_point(size=78, opacity=1, strokeWidth=1)
    return points.encode(
        **_xy(alt, form),
        fill=_by_kind(alt, alt.Fill, _COLOURS | {"known": _PAPER}),
        stroke=_by_kind(alt, alt.Stroke, dict.fromkeys(KINDS, _PAPER) | {"known": _COLOURS["known"]}),
        strokeWidth=alt.condition(f"datum.s == '{_CODES['known']}'", alt.value(1.8), alt.value(1)),
        shape=_by_kind(alt, alt.Shape, {kind: word.shape for kind, word in KINDS.items()}),
        tooltip=tooltip,
    )


def _with_values(chart: Any, form: Form) -> Any:
    units = (("x", form.x_unit), ("y", form.y_unit))
    values = {f"{name} value": _exactly(back_expression(form.kind, f"datum.{name}"), unit) for name, unit in units}
    return chart.transform_calculate(**values)


def _tooltips(alt: Any, *fields: str) -> list[Any]:
    return [alt.Tooltip(f"{field}:N", title=field) for field in fields]


def _by_kind(alt: Any, channel: Any, values: Mapping[Kind, str]) -> Any:
    scale = alt.Scale(domain=[_CODES[kind] for kind in KINDS], range=[values[kind] for kind in KINDS])
    return channel("s:N", legend=None, scale=scale)


def _label_layers(alt: Any, form: Form) -> list[Any]:
    base = alt.Chart(alt.NamedData(name="labels"))
    leaders = base.mark_rule(strokeWidth=0.8, color="var(--faint)").encode(**_xy(alt, form), x2="tx", y2="ty")
    texts = [_label_texts(alt, form, base, align, offset) for align, offset in (("start", 3), ("end", -3))]
    return [leaders, *texts]


def _label_texts(alt: Any, form: Form, base: Any, align: str, offset: int) -> Any:
    side = {"start": "left", "end": "right"}[align]
    chart = base.transform_filter(f"datum.a == '{align}'")
    mark = chart.mark_text(align=side, dx=offset, baseline="middle", fontSize=11, color="var(--ink)")
    return mark.encode(**_xy(alt, form, x="tx", y="ty"), text="t:N")
