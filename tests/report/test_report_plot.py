"""Axes have round ticks, labels keep clear of each other, words are written one way."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from chart_templates import chart_template
from report_fixtures import made_up_run

from robustcheck.report.charts import Form
from robustcheck.report.grid import grid, shade
from robustcheck.report.labels import Anchor, place_labels
from robustcheck.report.plot import group_colours, trend_plot
from robustcheck.report.plot_axes import axis_over, transform
from robustcheck.report.strip import strip
from robustcheck.report.svg import markers_path
from robustcheck.report.words import MINUS, duration, signed
from robustcheck.values import Verdict


@pytest.mark.parametrize("form", [Form("probit", "%", "%"), Form("logit", "%", ""), Form("linear", "", "")])
def test_the_specification_of_a_plot_fits_the_schema_of_vega_lite(form: Form) -> None:
    import altair as alt
    from jsonschema import ValidationError

    template = chart_template(form)
    alt.LayerChart.from_dict(template)
    with pytest.raises(ValidationError):
        alt.LayerChart.from_dict(template | {"layer": [{"mark": "nonsense"}]})


@pytest.mark.parametrize("kind", ["probit", "logit", "linear"])
@pytest.mark.parametrize(("low", "high"), [(0.01, 0.9), (0.6, 0.8), (0.72, 0.74), (0.98, 0.999)])
def test_ticks_are_round_and_apart(kind: str, low: float, high: float) -> None:
    axis = axis_over(kind, [transform(low, kind), transform(high, kind)], 500)  # type: ignore[arg-type]
    ticks = axis.ticks(46)
    places = [axis.share(position) * 500 for position, _ in ticks]
    assert len(ticks) >= 3
    assert all(0 <= place <= 500 for place in places)
    assert min(b - a for a, b in pairwise(places)) >= 46


def test_figures_at_the_rim_stay_on_the_axis() -> None:
    assert transform(0.0, "probit") == pytest.approx(-3.719, abs=1e-3)
    assert transform(1.0, "logit") == pytest.approx(9.21, abs=1e-2)


def test_labels_do_not_touch() -> None:
    anchors = [Anchor(200 + step, 150 + step, "a-model-with-a-name") for step in range(8)]
    labels = place_labels(anchors, [(anchor.x, anchor.y) for anchor in anchors], (540, 350), 6)
    assert len(labels) == 6
    boxes = [(label.x if label.align == "start" else label.x - 110, label.y) for label in labels]
    assert all(abs(a[1] - b[1]) >= 12 or abs(a[0] - b[0]) >= 100 for a in boxes for b in boxes if a is not b)


def test_a_plot_holds_every_checked_model_and_no_double() -> None:
    run = made_up_run(6, 1)
    plot = trend_plot(run.trends[0], run.results, group_colours(run.trends))
    assert {marker.model for marker in plot.markers} == {result.model.id for result in run.results}
    assert not {dot.model for dot in plot.dots} & {marker.model for marker in plot.markers}
    assert all(0 <= plot.x.share(marker.x) <= 1 and 0 <= plot.y.share(marker.y) <= 1 for marker in plot.markers)
    assert plot.limit_text == f"limit {MINUS}2.0 pp"


def test_a_poor_fit_is_flagged() -> None:
    run = made_up_run(2, 1)
    poor = replace(run.trends[0], fit=replace(run.trends[0].fit, r2=0.41))
    plot = trend_plot(poor, run.results, {})
    assert plot.cautions == ("This line explains only 41% of the population's spread.",)


def test_the_grid_puts_trouble_first() -> None:
    run = made_up_run(20, 4)
    table = grid(run.results, {})
    failures = [sum(box is not None and box.kind == "fail" for box in row.boxes) for row in table.rows]
    assert failures == sorted(failures, reverse=True)
    assert [(group.title, len(group.columns)) for block in table.blocks for group in block.groups] == [
        ("shift-on-trend", 4)
    ]


@pytest.mark.parametrize(
    ("margin", "name"), [(0.0, "z"), (0.004, "z"), (0.02, "p3"), (-0.2, "n5"), (-0.006, "n1"), (float("nan"), "z")]
)
def test_shades_follow_the_margin(margin: float, name: str) -> None:
    assert shade(margin) == name


def test_a_strip_shades_the_side_that_breaks_the_limit() -> None:
    floor = strip(Verdict("fail", "", value=0.4, compared=0.4, low=0.38, high=0.42, limit=0.5, margin=-0.1), "expected")
    ceiling = strip(
        Verdict("fail", "", value=0.4, compared=0.4, low=0.38, high=0.42, limit=0.3, margin=-0.1), "expected"
    )
    assert floor is not None
    assert ceiling is not None
    assert floor.bad_from == 0
    assert floor.value.x < floor.bad_to
    assert ceiling.bad_from < ceiling.value.x


def test_a_strip_without_numbers_is_left_out() -> None:
    assert strip(Verdict("error", "no data"), "expected") is None
    nan = float("nan")
    assert strip(Verdict("error", "", value=nan, compared=nan, limit=0.5, margin=nan), "expected") is None


def test_words() -> None:
    assert signed(-0.0134, "%") == f"{MINUS}1.3 pp"
    assert duration(3.84) == "3.8 s"
    assert duration(125) == "2 min 5 s"


def test_suites_without_a_common_model_have_tables_of_their_own() -> None:
    one, two = made_up_run(3, 2).results, made_up_run(2, 1).results
    apart = tuple(
        replace(result, suite="suites/b.robust.yaml", model=replace(result.model, id=f"other-{result.model.id}"))
        for result in two
    )
    shared = tuple(replace(result, suite="suites/b.robust.yaml") for result in two)
    assert len(grid((*one, *shared), {}).blocks) == 1
    table = grid((*one, *apart), {})
    assert [(len(block.columns), len(block.rows)) for block in table.blocks] == [(2, 3), (1, 2)]
    assert [column.number for column in table.columns] == [0, 1, 2]


def test_a_known_deviation_is_a_kind_of_its_own() -> None:
    run = made_up_run(4, 1)
    first = run.results[0]
    results = (replace(first, verdict=replace(first.verdict, status="pass", excused=True)), *run.results[1:])
    plot = trend_plot(run.trends[0], results, group_colours(run.trends))
    marker = next(marker for marker in plot.markers if marker.model == first.model.id)
    assert marker.kind == "known"
    assert ("known", 1) in plot.kinds
    assert first.model.id in {label.anchor.text for label in plot.labels}
    assert markers_path(plot, "known").count("M") == 1


def test_a_trend_is_headed_by_its_title_and_case() -> None:
    run = made_up_run(2, 1)
    plot = trend_plot(run.trends[0], run.results, {})
    assert (plot.title, plot.case) == (run.results[0].title, "shift-0")
    assert plot.key == "shift-on-trend[shift-0]"


def test_a_long_label_is_shortened_only_without_room() -> None:
    name = "convnext_base_w_320/laion_aesthetic_s13b_b82k_augreg"
    (roomy,) = place_labels([Anchor(100, 100, name)], [], (540, 350), 1)
    (narrow,) = place_labels([Anchor(20, 100, name)], [], (260, 350), 1)
    assert roomy.anchor.text == name
    assert narrow.anchor.text == "convnext_base_w_320/…b_b82k_augreg"
