"""Reliability diagrams, ROC curves and histograms are drawn from what a result carries, and nothing is computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import made_up_run
from report_pictures import BARS, DRAWN, HISTOGRAM, RELIABILITY, ROC, SAID

from robustcheck.report.curves import HEIGHT, WIDTH, bars, diagram, with_siblings
from robustcheck.report.html import render_html
from robustcheck.report.runfile import dump_run, load_run
from robustcheck.values import Drawn, Result, Trace


def test_a_reliability_diagram_has_a_diagonal_and_dots_by_size() -> None:
    drawn = diagram(RELIABILITY)
    assert drawn is not None
    assert drawn.reference == f"M0.0 {HEIGHT}L{WIDTH} 0.0"
    before, after = drawn.curves
    assert [(spot.x, spot.y) for spot in before.spots] == [(0.25 * WIDTH, 0.85 * HEIGHT), (0.75 * WIDTH, 0.5 * HEIGHT)]
    assert before.spots[1].radius == 2 * before.spots[0].radius
    assert before.colour != after.colour
    assert before.spots[0].said == "before: 25.0%, 15.0%, n = 100"


def test_a_roc_curve_marks_its_operating_point() -> None:
    drawn = diagram(ROC)
    assert drawn is not None
    assert drawn.mark is not None
    assert (drawn.mark.x, drawn.mark.y) == (0.1 * WIDTH, pytest.approx(0.2 * HEIGHT))
    assert drawn.curves[0].path == f"M0.0 {HEIGHT}L{0.1 * WIDTH} {0.2 * HEIGHT}L{WIDTH} 0.0"


def test_the_bars_of_a_histogram_stand_on_zero() -> None:
    drawn = diagram(HISTOGRAM)
    assert drawn is not None
    inside = drawn.curves[0]
    assert inside.is_filled
    assert inside.path.startswith(f"M{drawn.across(0.0)} {HEIGHT}V{drawn.down(0.25)}H{drawn.across(1.0)}")
    assert inside.path.endswith(f"V{HEIGHT}Z")
    assert drawn.reference == f"M{drawn.across(1.0)} 0V{HEIGHT}"


def test_what_holds_no_numbers_is_not_drawn() -> None:
    nan = float("nan")
    assert diagram(replace(ROC, series=())) is None
    assert diagram(replace(ROC, series=(Trace("msp", (nan,), (nan,)),))) is None


def test_bars_are_rows_with_their_values_and_the_mean_of_all() -> None:
    drawn = bars(BARS)
    assert [(row.name, row.width, row.said, row.n) for row in drawn.rows] == [
        ("cat", 25.0, "25.0%", 8),
        ("dog", 50.0, "50.0%", 4),
    ]
    assert drawn.mean == 60.0


def test_before_and_after_scaling_stand_in_one_diagram() -> None:
    run = made_up_run(2, 1)
    first, other = run.results
    assert first.score is not None
    cell = first.score.cell

    def scaled(key: str, how: str, line: Trace) -> Result:
        quantity = replace(cell.quantity, metric="ece", options=(("temperature", how),))
        score = replace(first.score, cell=replace(cell, quantity=quantity))
        picture = replace(RELIABILITY, series=(line,))
        return replace(first, nodeid=key, score=score, drawn=Drawn((picture,)))

    before, after = RELIABILITY.series
    results = [scaled("a", "none", before), scaled("b", "fitted", after), replace(other, drawn=Drawn((ROC,)))]
    found = with_siblings(results)
    assert found["a"][0].series == found["b"][0].series == (before, after)
    assert found[other.nodeid] == (ROC,)


def test_a_card_draws_what_its_result_carries_and_the_record_keeps_it(tmp_path: Path) -> None:
    run = made_up_run(1, 1)
    verdict = replace(run.results[0].verdict, status="fail")
    carrying = replace(run.results[0], verdict=verdict, drawn=DRAWN)
    run = replace(run, results=(carrying,))
    page = render_html(run)
    assert page.count('<svg class="diagram"') == 3
    assert "<figcaption>ROC on ninco</figcaption>" in page
    assert page.count('<ul class="bars"') == 1
    assert page.count("<img ") == 1
    assert SAID in page
    (tmp_path / "run.json").write_bytes(dump_run(run))
    assert load_run(tmp_path) == run
