"""The CI summary and the annotations say the same as the page, safely."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_fixtures import made_up_run, with_odd_outcomes

from robustcheck.report.markdown import github_annotations, summary_markdown
from robustcheck.report.words import counted_kind, found_drop
from robustcheck.values import Position, RunRecord, Verdict


def _one(status: str, reason: str, model: str = "ViT-B-32/a") -> RunRecord:
    run = made_up_run(1, 1)
    result = run.results[0]
    verdict = Verdict(status, reason)  # type: ignore[arg-type]
    return replace(run, results=(replace(result, verdict=verdict, model=replace(result.model, id=model)),))


def test_one_error_is_one_and_many_are_errors() -> None:
    counts = [("error", 1), ("error", 2), ("known", 1), ("known", 1200), ("pass", 1), ("fail", 3)]
    assert [counted_kind(kind, number) for kind, number in counts] == [  # type: ignore[arg-type]
        "1 error", "2 errors", "1 known deviation", "1,200 known deviations", "1 passed", "3 failed",
    ]  # fmt: skip


def test_the_summary_counts_and_lists() -> None:
    run = with_odd_outcomes(made_up_run(30, 3))
    text = summary_markdown(run)
    counts = run.counts()
    assert f"| {counts['fail']} | 1 | {counts['unsure']} | {counts['warn']} | {counts['pass']} | 3 | 1 |" in text
    assert "3 changes" in text
    assert text.startswith("## 🔴")


def test_known_deviations_have_a_table_of_their_own() -> None:
    run = with_odd_outcomes(made_up_run(30, 3))
    lines = summary_markdown(run).splitlines()
    heading = next(place for place, line in enumerate(lines) if line.startswith("**1 known deviation**"))
    assert "trained on smaller crops" in lines[heading + 4]
    assert "known deviation" not in summary_markdown(made_up_run(3, 1))


def test_a_run_without_results_is_not_green() -> None:
    text = summary_markdown(replace(made_up_run(1, 1), results=()))
    assert "nothing was judged" in text
    assert "🟢" not in text


def test_outside_text_cannot_break_the_table() -> None:
    text = summary_markdown(_one("fail", "a|b <b>\n  expected: c", model="x|y`<script>"))
    row = next(line for line in text.splitlines() if line.startswith("| ▼"))
    assert r"a\|b \<b\>" in row
    assert r"x\|y\`\<script\>" in row


def test_annotations_point_at_the_yaml() -> None:
    run = _one("fail", "50% is\nless: than, 60%")
    result = replace(run.results[0], position=Position("suites/a,b.yaml", 12, 5), sentence="", check_key="c[a]")
    assert github_annotations(replace(run, results=(result,))) == [
        "::error file=suites/a%2Cb.yaml,line=12,col=5,title=fail%3A c[a] on ViT-B-32/a::50%25 is%0Aless: than, 60%25"
    ]


def test_only_failures_errors_and_warnings_are_annotated() -> None:
    assert (
        github_annotations(_one("pass", "fine"))
        == github_annotations(_one("unsure", "?"))
        == github_annotations(_one("skip", "no"))
        == []
    )
    assert github_annotations(_one("warn", "near"))[0].startswith("::warning ")
    assert github_annotations(_one("error", "broken"))[0].startswith("::error ")


@pytest.mark.parametrize(
    ("drop", "unit", "said"), [(0.124, "%", "12.4 pp"), (1.3, "%", "over 100 pp"), (1.3, "", "1.300")]
)
def test_a_drop_of_more_than_all_points_is_said_as_that(drop: float, unit: str, said: str) -> None:
    assert found_drop(drop, unit) == said
