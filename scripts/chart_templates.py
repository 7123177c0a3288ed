"""The Vega-Lite specifications of trend plots; colours are the page's own, so that a theme needs no redraw.

`write_generated.py` builds them with Altair and writes `static/charts.json` of the report, which ships: no run needs
Altair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, get_args

from robustcheck.report import charts
from robustcheck.report.charts import CODES, TEMPLATES, Form
from robustcheck.report.plot import FULL
from robustcheck.report.plot_axes import AxisKind
from robustcheck.report.words import KINDS, Kind

_PAPER = "var(--paper)"
_FONT = "system-ui, sans-serif"
# A position on an axis as a fraction again, in words of Vega.
_BACK = {"probit": "cumulativeNormal({})", "logit": "1/(1+exp(-({})))", "linear": "{}"}
_PARAMETERS = ("domain", "ticks")
_COLOURS: dict[Kind, str] = {kind: f"var(--{kind})" for kind in KINDS}


def chart_files() -> dict[Path, str]:
    """Return the text of the file that ships, by its path: one form a line."""
    forms = [Form(*parts) for parts in product(get_args(AxisKind), ("%", ""), ("%", ""))]
    lines = [f"{json.dumps(form.name)}:{json.dumps(chart_template(form), separators=(',', ':'))}" for form in forms]
    return {Path(charts.__file__).parent / "static" / TEMPLATES: "{" + ",\n".join(lines) + "}\n"}


def chart_template(form: Form) -> dict[str, Any]:
    """Return the Vega-Lite specification that all plots of one form share.

    The page fills in each plot's domains, ticks, titles and groups. Domains and ticks are parameters, so that it can
    zoom.
    """
    import altair as alt

    layers = [
        *_line_layers(alt, form),
        _population_layer(alt, form),
        *_interval_layers(alt, form),
        _trajectory_layer(alt, form),
        _checked_layer(alt, form),
        *_label_layers(alt, form),
    ]
    # Groups and statuses each have colours of their own.
    chart = alt.layer(*layers).resolve_scale(color="independent")
    chart = chart.properties(width=FULL[0], height=FULL[1], padding=4)
    parameters = [alt.param(name=f"{side}{what}", value=[0, 1]) for side in "xy" for what in _PARAMETERS]
    chart = chart.add_params(*parameters, alt.param(name="crowded", value=False))
    styled = chart.configure(background="transparent", font=_FONT).configure_view(stroke=None)
    spec: dict[str, Any] = styled.to_dict()
    # Altair's releases name different ones, and the page brings its own Vega-Lite.
    del spec["$schema"]
    return spec


def _back(kind: AxisKind, position: str) -> str:
    """Return the Vega expression that turns a position into a fraction again."""
    return _BACK[kind].format(position)


def _written(value: str, unit: str) -> str:
    """Return the Vega expression that writes a value for a tick."""
    return f"format(100*({value}),'.4~r')+'%'" if unit == "%" else f"format({_snapped(value)},'.4~r')"


def _exactly(value: str, unit: str) -> str:
    """Return the Vega expression that writes a value for a tooltip."""
    return f"format({value},'.1%')" if unit == "%" else f"format({_snapped(value)},'.4~r')"


def _difference(value: str, unit: str) -> str:
    # Adding zero takes the sign of a negative one.
    return f"format(round(1000*{value})/10+0,'+.1f')" if unit == "%" else f"format({_snapped(value)}+0,'+.3~r')"


def _snapped(value: str) -> str:
    """Return the Vega expression of a number without what is an error of rounding (numerals.py does the same)."""
    return f"round(1e6*({value}))/1e6"


def _scaled(alt: Any, channel: Any, field: str, form: Form) -> Any:
    side, unit = ("x", form.x_unit) if channel is alt.X else ("y", form.y_unit)
    labels = _written(_back(form.kind, "datum.value"), unit)
    return channel(
        f"{field}:Q",
        title=None,
        scale=alt.Scale(domain=alt.ExprRef(expr=f"{side}domain"), zero=False, nice=False),
        axis=alt.Axis(
            values=alt.ExprRef(expr=f"{side}ticks"), labelExpr=labels, grid=True, ticks=False,
            gridColor="var(--gridline)", domain=False, labelColor="var(--soft)", titleColor="var(--soft)",
            titleFontWeight="normal", titleFontSize=12, labelFontSize=11, labelPadding=6, titlePadding=8,
            labelOverlap="greedy", labelSeparation=5,
        ),
    )  # fmt: skip


def _xy(alt: Any, form: Form, x: str = "x", y: str = "y") -> dict[str, Any]:
    return {"x": _scaled(alt, alt.X, x, form), "y": _scaled(alt, alt.Y, y, form)}


def _line_layers(alt: Any, form: Form) -> list[Any]:
    line, limit = alt.Chart(alt.NamedData(name="line")), alt.Chart(alt.NamedData(name="limit"))
    return [
        line.mark_area(clip=True, aria=False, color="var(--line)", opacity=0.1).encode(
            **_xy(alt, form, y="lo"), y2="hi"
        ),
        line.mark_line(clip=True, aria=False, color="var(--line)", strokeWidth=1.6).encode(**_xy(alt, form)),
        limit.mark_line(clip=True, aria=False, color="var(--fail)", strokeWidth=1.1, strokeDash=[4, 3]).encode(
            **_xy(alt, form)
        ),
    ]


def _population_layer(alt: Any, form: Form) -> Any:
    colour = alt.Color("g:N", legend=None, scale=alt.Scale(domain=["group"], range=["var(--g0)"]))
    chart = _with_values(alt.Chart(alt.NamedData(name="population")), form)
    tooltip = [*_tooltips(alt, "model", "y value", "x value"), alt.Tooltip("g:N", title="population group")]
    # A reader of the page by ear is told of the checked models, not of a thousand dots.
    points = chart.mark_point(clip=True, filled=True, size=30, opacity=0.6, aria=False)
    return points.encode(**_xy(alt, form), color=colour, tooltip=tooltip)


def _trajectory_layer(alt: Any, form: Form) -> Any:
    chart = alt.Chart(alt.NamedData(name="way"))
    line = chart.mark_line(clip=True, strokeWidth=1.4, color="var(--ink)", opacity=0.7, order=False)
    return line.encode(**_xy(alt, form), detail="k:N")


def _interval_layers(alt: Any, form: Form) -> list[Any]:
    chart = alt.Chart(alt.NamedData(name="checked"))
    rule = chart.mark_rule(clip=True, strokeWidth=1.2, opacity=0.55, aria=False)
    colour = _by_kind(alt, alt.Color, _COLOURS)
    return [
        rule.encode(**_xy(alt, form, y="yl"), y2="yh", color=colour),
        rule.encode(**_xy(alt, form, x="xl"), x2="xh", color=colour),
    ]


def _checked_layer(alt: Any, form: Form) -> Any:
    chart = _with_values(alt.Chart(alt.NamedData(name="checked")), form)
    middle, low, high = (_difference(f"datum.{name}", form.y_unit) for name in ("c", "cl", "ch"))
    points_said = "' pp ('" if form.y_unit == "%" else "' ('"
    chart = chart.transform_calculate(
        residual=f"{middle}+{points_said}+{low}+' to '+{high}+')'",
        said="'\\u2068'+datum.model+'\\u2069, '+datum.verdict+': '+datum['y value']+' at '+datum['x value']",
    )
    tooltip = _tooltips(alt, "model", "y value", "x value", "residual", "verdict")
    points = chart.mark_point(clip=True, opacity=1, strokeWidth=1)
    return points.encode(
        **_xy(alt, form),
        fill=_by_kind(alt, alt.Fill, _COLOURS | {"known": _PAPER}),
        stroke=_by_kind(alt, alt.Stroke, dict.fromkeys(KINDS, _PAPER) | {"known": _COLOURS["known"]}),
        strokeWidth=alt.condition(f"datum.s == '{CODES['known']}'", alt.value(1.8), alt.value(1)),
        shape=_by_kind(alt, alt.Shape, {kind: word.shape for kind, word in KINDS.items()}),
        size=alt.condition("crowded && datum.s == 'p'", alt.value(30), alt.value(70)),
        description=alt.Description("said:N"),
        tooltip=tooltip,
    )


def _with_values(chart: Any, form: Form) -> Any:
    units = (("x", form.x_unit), ("y", form.y_unit))
    values = {f"{name} value": _exactly(_back(form.kind, f"datum.{name}"), unit) for name, unit in units}
    return chart.transform_calculate(**values)


def _tooltips(alt: Any, *fields: str) -> list[Any]:
    return [alt.Tooltip(f"{field}:N", title=field) for field in fields]


def _by_kind(alt: Any, channel: Any, values: Mapping[Kind, str]) -> Any:
    scale = alt.Scale(domain=[CODES[kind] for kind in KINDS], range=[values[kind] for kind in KINDS])
    return channel("s:N", legend=None, scale=scale)


def _label_layers(alt: Any, form: Form) -> list[Any]:
    base = alt.Chart(alt.NamedData(name="labels"))
    leaders = base.mark_rule(clip=True, strokeWidth=0.8, color="var(--faint)", aria=False).encode(
        **_xy(alt, form), x2="tx", y2="ty"
    )
    texts = [_label_texts(alt, form, base, align, offset) for align, offset in (("start", 3), ("end", -3))]
    return [leaders, *texts]


def _label_texts(alt: Any, form: Form, base: Any, align: str, offset: int) -> Any:
    side = {"start": "left", "end": "right"}[align]
    chart = base.transform_filter(f"datum.a == '{align}'")
    mark = chart.mark_text(
        align=side, dx=offset, baseline="middle", fontSize=11, color="var(--ink)", clip=True, aria=False
    )
    return mark.encode(**_xy(alt, form, x="tx", y="ty"), text="t:N")
