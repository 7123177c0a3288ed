"""Metrics without a unit, metrics where low is good, and values beyond 1: read the same way everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import made_up_run
from report_protocols import TRACED, protocol_run

from robustcheck.measure import metric_of
from robustcheck.report.grid import grid
from robustcheck.report.html import render_html
from robustcheck.report.markdown import summary_markdown
from robustcheck.report.page import chart_page, page
from robustcheck.report.plot import TrendPlot
from robustcheck.report.plot_axes import PlotAxis, axis_over
from robustcheck.report.runfile import dump_run, load_run
from robustcheck.report.strip import strip
from robustcheck.report.words import MINUS, held, interval, is_difference, plain, signed, told, traced
from robustcheck.values import Result, RunRecord, Verdict


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return protocol_run()


@pytest.fixture(scope="module")
def html(run: RunRecord) -> str:
    return render_html(run)


def of_check(run: RunRecord, key: str) -> list[Result]:
    return [result for result in run.results if result.check_key == key]


def plot_of(run: RunRecord, key: str) -> TrendPlot:
    return next(plot for plot in page(run).plots if plot.key == key)


# --- words --------------------------------------------------------------------------------------


def test_numbers_without_a_unit_are_bare() -> None:
    assert [plain(value, "") for value in (0.91234, 0.0312345, 1.24, 412.0)] == ["0.912", "0.031", "1.240", "412.0"]
    assert (plain(1.215, "%"), plain(-0.032, "%")) == ("121.5%", f"{MINUS}3.2%")
    assert (signed(-0.0803, ""), signed(0.5, ""), signed(0.021, "%")) == (f"{MINUS}0.080", "+0.500", "+2.1 pp")
    assert interval(Verdict("fail", "", 1.8, 1.8, 1.76, 1.889, 1.3, -0.5, unit="")) == "1.760 to 1.889"


def test_a_difference_to_nothing_is_a_difference(run: RunRecord) -> None:
    verdict = of_check(run, "words-do-not-mislead")[0].verdict
    assert verdict.value == verdict.compared
    assert is_difference(verdict)
    assert held(verdict.compared, verdict) == f"+{verdict.value * 100:.1f} pp"


def test_provenance_is_told_or_traced(run: RunRecord) -> None:
    score = of_check(run, "calibrated")[0].score
    assert score is not None
    assert traced(score.provenance) == TRACED
    assert [name for name, _ in told(score.provenance)] == ["temperature", "scored", "prompts"]


# --- heatmap ------------------------------------------------------------------------------------


def test_green_is_good_whether_high_or_low_is(run: RunRecord) -> None:
    for result in run.results:
        verdict, score = result.verdict, result.score
        assert score is not None
        assert verdict.margin is not None
        assert verdict.compared is not None
        assert verdict.limit is not None
        above = verdict.compared > verdict.limit
        assert (verdict.margin > 0) == (above == metric_of(score.cell).higher_is_better)
    boxes = [box for row in grid(run.results, {}).rows for box in row.boxes if box is not None]
    assert {box.shade[0] for box in boxes if box.kind == "fail"} == {"n"}
    assert {box.shade[0] for box in boxes if box.kind == "pass"} == {"p"}


def test_headings_say_which_margins_are_points(run: RunRecord, html: str) -> None:
    table = grid(run.results, {})
    assert table.is_mixed
    assert {column.key: column.unit for column in table.columns} == {
        "unseen-classes-are-noticed[mcm]": "",
        "unseen-classes-are-noticed[msp]": "",
        "calibrated": "",
        "likelihood": "",
        "pose-is-no-harder": "",
        "corruptions": "pp",
        "words-do-not-mislead": "pp",
        "accuracy": "pp",
        "likelihood-on-trend": "",
        "detection-on-trend": "",
    }
    assert html.count("<small>pp</small>") == 3
    assert f"{MINUS}10 pp or 0.1" in html


def test_margins_of_one_unit_need_no_heading(run: RunRecord) -> None:
    shares = render_html(made_up_run(2, 2))
    assert "<small>pp</small>" not in shares
    assert f"<span>{MINUS}10 pp</span>" in shares
    bare = render_html(replace(run, results=tuple(of_check(run, "calibrated")), trends=()))
    assert f"<span>{MINUS}0.1</span>" in bare
    assert "Percentage points between" not in bare


# --- cards --------------------------------------------------------------------------------------


def test_the_bad_side_of_a_ceiling_is_above_it(run: RunRecord) -> None:
    for key in ("calibrated", "likelihood", "corruptions", "likelihood-on-trend"):
        failed = next(result for result in of_check(run, key) if result.verdict.status == "fail")
        drawn = strip(failed.verdict, "expected")
        assert drawn is not None
        assert drawn.bad_from < drawn.value.x <= drawn.bad_to
    assert strip(of_check(run, "calibrated")[0].verdict, "expected").marks[0].text == "limit 0.060"  # type: ignore[union-attr]


def test_a_strip_marks_what_a_difference_is_taken_to(run: RunRecord) -> None:
    drawn = strip(of_check(run, "words-do-not-mislead")[0].verdict, "expected")
    assert drawn is not None
    limit, expected = drawn.marks
    assert (limit.text, expected.text) == ("limit +2.0 pp", "expected")
    assert expected.x < limit.x < drawn.value.x


def test_a_card_says_how_its_value_came_about(html: str) -> None:
    card = next(part for part in html.split("<article")[1:] if 'class="key">calibrated<' in part)
    assert "<i>temperature</i> 1.2406, fitted on 25,000 images of imagenet-val" in card
    assert "<i>scored</i> 10,000 images" in card
    assert "<i>weights</i>" not in card
    assert f"<dt>weights</dt><dd><code>{TRACED[0][1]}</code>" in card


def test_the_summary_writes_bare_numbers_and_values_above_one(run: RunRecord) -> None:
    rows = {row.split(" | ")[1]: row for row in summary_markdown(run).splitlines() if row.count(" | ") > 3}
    assert "| nll on imagenet-v2 |" in rows["likelihood"]
    assert "the limit of 1.300 (" in rows["likelihood"]
    assert "the limit of 100.0% (" in rows["corruptions"]


# --- trends -------------------------------------------------------------------------------------


def test_a_plot_has_the_units_of_its_metrics(run: RunRecord) -> None:
    likelihood, detection = plot_of(run, "likelihood-on-trend"), plot_of(run, "detection-on-trend")
    assert (likelihood.x.unit, likelihood.y.unit, likelihood.limit_text) == ("", "", "limit +0.150")
    assert (detection.x.unit, detection.y.unit, detection.limit_text) == ("%", "", f"limit {MINUS}0.030")
    assert all(label.endswith("%") for _, label in detection.x.ticks())
    assert "0.9" in [label for _, label in detection.y.ticks()]


def test_the_limit_of_an_unbounded_metric_is_drawn_beyond_one(run: RunRecord) -> None:
    plot = plot_of(run, "likelihood-on-trend")
    assert len(plot.limit) == len(plot.line)
    assert max(y for _, y in plot.limit) > 1
    assert all(limit[1] > line[1] for limit, line in zip(plot.limit, plot.line, strict=True))


def test_long_titles_of_axes_are_broken(run: RunRecord) -> None:
    plot = plot_of(run, "likelihood-on-trend")
    assert len(plot.y_title) == 2
    assert " ".join(plot.y_title) == plot.figure.y_label
    assert plot.x_title == ["nll on imagenet-val"]


def test_each_form_of_plot_has_a_template(run: RunRecord) -> None:
    drawn = chart_page(page(run).plots)
    assert [chart["form"] for chart in drawn["charts"]] == ["linear/bare/bare", "probit/%/bare"]
    assert set(drawn["templates"]) == {"linear/bare/bare", "probit/%/bare"}
    encoding = drawn["templates"]["probit/%/bare"]["layer"][0]["encoding"]
    assert encoding["x"]["axis"]["labelExpr"].endswith("+'%'")
    assert "%" not in encoding["y"]["axis"]["labelExpr"]


@pytest.mark.parametrize(
    ("domain", "unit", "labels"),
    [
        ((0.44, 2.06), "", ["0.5", "1", "1.5", "2"]),
        ((0.011, 0.042), "", ["0.015", "0.02", "0.025", "0.03", "0.035", "0.04"]),
        ((-0.05, 0.051), "%", [f"{MINUS}4%", f"{MINUS}2%", "0%", "2%", "4%"]),
        ((0.55, 1.35), "%", ["60%", "80%", "100%", "120%"]),
        ((20.0, 180.0), "", ["50", "100", "150"]),
    ],
)
def test_linear_ticks_are_even_and_in_the_unit(domain: tuple[float, float], unit: str, labels: list[str]) -> None:
    assert [label for _, label in PlotAxis("linear", domain, 350, unit).ticks()] == labels


def test_an_axis_without_points_has_ticks() -> None:
    assert axis_over("linear", [], 350).ticks()


# --- the record ---------------------------------------------------------------------------------


def test_the_record_keeps_options_units_and_provenance(run: RunRecord, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_bytes(dump_run(run))
    read = load_run(file)
    assert [result.score for result in read.results] == [result.score for result in run.results]
    assert render_html(read) == render_html(run)
