"""A check over its runs: each run hands its past on, and a card draws it with the limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from report_fixtures import made_up_run

from robustcheck.history.past import MOST_RUNS, past_of
from robustcheck.report.html import render_html
from robustcheck.report.runfile import dump_run, load_run, parse_run
from robustcheck.report.timeline import timelines
from robustcheck.values import RunRecord, Verdict


def runs(number: int) -> list[RunRecord]:
    """Return nightly runs of one check on one model, each a little worse and with the past of those before it."""
    made: list[RunRecord] = []
    for night in range(number):
        run = made_up_run(1, 1)
        verdict = replace(run.results[0].verdict, compared=-0.001 * night, low=-0.001 * night - 0.01, status="pass")
        results = (replace(run.results[0], verdict=verdict),)
        made.append(
            replace(run, id=f"night-{night}", results=results, past=past_of(made[-1] if made else None, results))
        )
    return made


def test_a_run_hands_its_past_on() -> None:
    last = runs(4)[-1]
    (past,) = last.past
    assert [verdict.run for verdict in past.verdicts] == ["night-0", "night-1", "night-2"]
    assert [verdict.compared for verdict in past.verdicts] == [0.0, -0.001, -0.002]


def test_the_first_run_has_no_past() -> None:
    assert runs(1)[0].past == ()


def test_the_past_is_bounded() -> None:
    (past,) = runs(MOST_RUNS + 5)[-1].past
    assert len(past.verdicts) == MOST_RUNS
    assert past.verdicts[-1].run == f"night-{MOST_RUNS + 3}"


def test_large_runs_remember_less() -> None:
    first = replace(made_up_run(119, 50), id="first")
    second = replace(first, id="second", past=past_of(first, first.results))
    third = past_of(second, first.results)
    assert {len(past.verdicts) for past in third} == {1}


def test_a_run_without_a_number_adds_nothing() -> None:
    first, second = runs(2)
    broken = replace(second.results[0], verdict=Verdict("error", "no data"), score=None)
    run = replace(second, results=(broken,), past=past_of(first, (broken,)))
    (past,) = past_of(run, run.results)
    assert [verdict.run for verdict in past.verdicts] == ["night-0"]


def test_a_line_is_drawn_through_all_runs_with_the_limit() -> None:
    last = runs(4)[-1]
    line = timelines(last)[last.results[0].nodeid]
    assert len(line.marks) == 4
    assert [mark.x for mark in line.marks] == sorted(mark.x for mark in line.marks)
    assert [mark.y for mark in line.marks] == sorted(mark.y for mark in line.marks)
    assert len({y for _, y in line.limit}) == 1
    assert line.marks[-1].said.startswith("this run: ")
    assert line.first == "night-0"
    heights = {label: height for height, label in line.ticks}
    assert heights["\N{MINUS SIGN}2.0 pp"] > heights["0.0 pp"]


def test_a_scale_has_two_numbers_or_more() -> None:
    last = runs(4)[-1]
    (result, *_) = last.results
    far = {"compared": -0.436, "low": -0.666, "high": -0.316, "limit": -0.1}
    results = (replace(result, verdict=replace(result.verdict, **far)),)
    pasts = tuple(replace(past, verdicts=tuple(replace(one, **far) for one in past.verdicts)) for past in last.past)
    line = timelines(replace(last, results=results, past=pasts))[result.nodeid]
    assert [label for _, label in line.ticks] == [
        "\N{MINUS SIGN}60.0 pp",
        "\N{MINUS SIGN}40.0 pp",
        "\N{MINUS SIGN}20.0 pp",
    ]


def test_the_origin_of_the_baseline_is_drawn_where_each_run_had_it() -> None:
    """It steps up by what a baseline lost when it was blessed anew; a run without a baseline has none."""
    *_, before, last = runs(4)

    def held(run: RunRecord, origin: float) -> RunRecord:
        return replace(run, results=(replace(run.results[0], verdict=replace(run.results[0].verdict, origin=origin)),))

    before = held(before, 0.0)
    run = held(replace(last, past=past_of(before, last.results)), 0.02)
    run = replace(run, results=(replace(run.results[0], verdict=replace(run.results[0].verdict, status="fail")),))
    line = timelines(run)[run.results[0].nodeid]
    assert [mark.origin is None for mark in line.marks] == [True, True, False, False]
    (_, first), (_, second) = line.origin
    assert first - second > 0
    assert line.marks[-1].said.endswith("origin +2.0 pp, fail")
    page = render_html(run)
    assert page.count('class="originline"') == 1
    assert "origin: the first baseline of the line" in page
    assert load_again(run) == run


def load_again(run: RunRecord) -> RunRecord:
    return parse_run(dump_run(run), "run.json")


def test_without_a_baseline_no_origin_is_drawn() -> None:
    last = runs(3)[-1]
    run = replace(last, results=(replace(last.results[0], verdict=replace(last.results[0].verdict, status="fail")),))
    page = render_html(run)
    assert '<svg class="timeline"' in page
    assert 'class="originline"' not in page
    assert "origin: the first" not in page


def test_a_card_shows_it_and_the_record_keeps_it(tmp_path: Path) -> None:
    last = runs(3)[-1]
    failed = replace(last.results[0], verdict=replace(last.results[0].verdict, status="fail"))
    run = replace(last, results=(failed,))
    page = render_html(run)
    assert page.count('<svg class="timeline"') == 1
    assert "What was judged, over 3 runs" in page
    assert "limit of each run" in page
    (tmp_path / "run.json").write_bytes(dump_run(run))
    assert load_run(tmp_path) == run


def test_the_past_of_another_checkout_is_the_past_of_the_same_suite() -> None:
    first, second = runs(2)

    def elsewhere(run: RunRecord, root: str) -> RunRecord:
        moved = tuple(replace(each, suite=f"{root}/suites/a.robust.yaml") for each in run.results)
        return replace(run, results=moved, root=root, past=())

    there, here = elsewhere(first, "/build/17"), elsewhere(second, "/build/18")
    (past,) = past_of(there, here.results, here.root)
    assert (past.suite, [verdict.run for verdict in past.verdicts]) == ("/build/18/suites/a.robust.yaml", ["night-0"])
    third = replace(here, past=(past,))
    (past,) = past_of(third, there.results, there.root)
    assert [verdict.run for verdict in past.verdicts] == ["night-0", "night-1"]
