"""Claims about groups have a place of their own, and one that fails as expected is no bad news."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_claims import QUOTE, SOURCE, claim, claims_run, effect
from report_fixtures import made_up_run

from robustcheck.report.grid import grid
from robustcheck.report.html import render_html
from robustcheck.report.markdown import summary_markdown
from robustcheck.report.page import Page, page, scope
from robustcheck.report.runfile import dump_run, load_run
from robustcheck.report.words import finding, sampled
from robustcheck.values import Change, RunRecord, Verdict


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return claims_run()


@pytest.fixture(scope="module")
def shown(run: RunRecord) -> Page:
    return page(run)


@pytest.fixture(scope="module")
def html(run: RunRecord) -> str:
    return render_html(run)


def row_of(html: str, key: str) -> str:
    return html.split(f'data-key="{key}"', 2)[1].split("</tr>")[0]


# --- the section --------------------------------------------------------------------------------


def test_the_grid_shows_single_models_alone(run: RunRecord, shown: Page) -> None:
    assert {column.suite for column in shown.table.columns} == {run.results[0].suite}
    assert "models" not in {row.model for row in shown.table.rows}
    assert scope(run) == "2 models \N{MULTIPLICATION SIGN} 1 check · 4 claims · published evidence"


def test_rows_are_numbered_after_the_columns(shown: Page) -> None:
    assert [row.number for found in shown.claims for row in found.rows] == [1, 2, 3, 4]
    assert sorted(shown.places.values()) == [0, 1, 2, 3, 4]


def test_a_row_says_what_was_found_and_expected(html: str) -> None:
    held = row_of(html, "source-above[imagenet-r]")
    for text in ("imagenet-r", "pass", "holds, as expected", "+5.1 pp", "+4.1 to +6.1 pp", "0.0 pp", "1,065 models"):
        assert f">{text}" in held or f" {text}<" in held
    assert "holds; expected: fails" in row_of(html, "webli-above")
    assert "<td>\N{EN DASH}</td>" in row_of(html, "predicts")


def test_a_claim_is_quoted_with_its_source(html: str) -> None:
    section = html.split('id="claims"')[1].split("</section>")[0]
    assert section.count(f"<q>{QUOTE}</q>") == section.count(f"<cite>{SOURCE}</cite>") == 4
    card = next(part for part in html.split("<article")[1:] if 'class="key">webli-above<' in part)
    assert f"<q>{QUOTE}</q> <cite>{SOURCE}</cite> <span>Finding: <b>holds; expected: fails</b>" in card
    assert "source webli, source laion" in card


def test_non_passes_have_cards(shown: Page, html: str) -> None:
    about_groups = {card.result.check_key for card in shown.cards if card.result.is_about_groups}
    assert about_groups == {"webli-above", "predicts"}
    assert '<a href="#r' in row_of(html, "webli-above")
    assert '<a href="#r' not in row_of(html, "yfcc-above")


def test_a_run_of_claims_alone_is_a_report() -> None:
    run = replace(claims_run(), trends=())
    run = replace(run, results=tuple(result for result in run.results if result.is_about_groups))
    html = render_html(run)
    assert scope(run) == "4 claims"
    assert 'id="margins"' not in html
    assert '<form id="filter" class="js" role="search" aria-label="Filter the results">' in html
    assert "0 models" not in summary_markdown(run)


def test_the_summary_has_the_same_table(run: RunRecord) -> None:
    text = summary_markdown(run)
    assert "**4 claims** about groups of models: 2 turned out as the suites say." in text
    row = next(line for line in text.splitlines() if line.startswith("| ▼ fail | webli-above "))
    assert f"| holds; expected: fails | +2.0 pp | +1.0 to +3.0 pp | 1,065 models | {SOURCE} |" in row
    assert "yfcc-above" not in text
    assert "\n2 models · 5 checks\n" in text


def test_words_of_a_finding() -> None:
    assert finding(claim("a", effect("pass", 0.1), "open")) == "open"
    assert finding(claim("a", Verdict("error", ""), "", "holds")) == "\N{EN DASH}; expected: holds"
    assert sampled(replace(effect("pass", 0.1), n=12, facts=(("pairs", "12"),))) == "12 pairs"


def test_the_record_keeps_findings_and_units(run: RunRecord, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(dump_run(run))
    read = load_run(tmp_path)
    assert [(result.finding, result.expect_finding) for result in read.results[-4:]] == [
        ("holds", "holds"), ("fails", "fails"), ("holds", "fails"), ("", ""),
    ]  # fmt: skip
    assert (read.trends[-1].line_of, read.trends[-1].x_unit, read.trends[-1].y_unit) == ("source wit", "%", "")


# --- colours ------------------------------------------------------------------------------------


def test_a_model_that_fails_as_expected_is_not_shaded_as_bad() -> None:
    result = made_up_run(1, 1).results[0]
    below = replace(result, verdict=replace(result.verdict, status="pass", margin=-0.2), expect_finding="fails")
    assert grid([below], {}).rows[0].boxes[0].shade == "z"  # type: ignore[union-attr]
    meant_to_hold = replace(below, expect_finding="holds")
    assert grid([meant_to_hold], {}).rows[0].boxes[0].shade == "n5"  # type: ignore[union-attr]


def test_no_side_of_a_strip_is_bad_where_a_claim_should_fail(shown: Page) -> None:
    card = next(card for card in shown.cards if card.result.check_key == "webli-above")
    assert card.strip is not None
    assert card.strip.bad_from == card.strip.bad_to


def test_plots_of_groups_have_colours_of_their_own(shown: Page, html: str) -> None:
    ((index, plot),) = shown.claim_plots
    assert index == 1
    assert [index for index, _ in shown.trend_plots] == [0]
    assert plot.colours == {"source wit": "var(--g1)", "source laion": "var(--g4)"}
    assert {name for name, _, _ in plot.groups} == {"source wit", "source laion"}
    assert plot.limit == ()
    assert (plot.x.unit, plot.y.unit) == ("%", "")
    assert "line of source wit and 95% band" in html


# --- what moved ---------------------------------------------------------------------------------


def test_a_moved_value_is_told_with_its_basis() -> None:
    run = made_up_run(2, 1)
    key, model = run.results[0].check_key, run.results[0].model.id
    basis = "paired over 797 samples, 41 of them judged differently, McNemar p 0.0002"
    moved = Change(key, model, "pass", "pass", "", 0.61, 0.575, "%", True, basis)
    broken = replace(moved, after="fail", unit="", value_before=0.9, value_after=1.24, basis="the intervals are apart")
    run = replace(run, previous="20261101-000000", changes=(moved, broken, Change(key, model, "fail", "pass")))
    html, text = render_html(run), summary_markdown(run)
    changed = html.split('id="changes"')[1].split("</section>")[0]
    assert "<b>1</b> newly failing, <b>1</b> fixed, <b>1</b> moved" in changed
    assert f'<li><span class="mark pass">pass</span> {key} ' in changed
    assert f'61.0% → 57.5% <span class="soft">{basis}</span>' in changed
    assert "0.900 → 1.240" in changed
    assert f": still pass, 61.0% → 57.5% ({basis})" in text
    assert ": pass → fail, 0.900 → 1.240 (the intervals are apart)" in text
    assert text.rstrip().endswith("fail → pass")


# --- cards --------------------------------------------------------------------------------------


def test_few_cards_are_unfolded_and_many_are_lines() -> None:
    run = made_up_run(6, 1)
    results = tuple(replace(result, verdict=replace(result.verdict, status="fail")) for result in run.results)
    assert [card.is_open for card in page(replace(run, results=results)).cards] == [False] * 6
    assert [card.is_open for card in page(replace(run, results=results[2:])).cards] == [True] * 4
