"""The first line answers for the candidates: ship, do not ship, cannot tell; and says what it rests on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_claims import claim, claims_run, effect
from report_fixtures import made_up_run

from robustcheck.report.answer import answer
from robustcheck.values import Result, RunRecord, Verdict


def with_statuses(*statuses: str) -> RunRecord:
    """Return a run of one check, on one model for each status."""
    run = made_up_run(len(statuses), 1)
    pairs = zip(run.results, statuses, strict=True)
    return replace(run, results=tuple(_with_status(result, status) for result, status in pairs))


def _with_status(result: Result, status: str) -> Result:
    if status in ("skip", "error"):
        return replace(result, verdict=Verdict(status, "no data"), score=None, x=None)  # type: ignore[arg-type]
    excused = status == "excused"
    verdict = replace(result.verdict, status="pass" if excused else status, excused=excused)  # type: ignore[arg-type]
    return replace(result, verdict=verdict)


@pytest.mark.parametrize(
    ("statuses", "tone", "text"),
    [
        (["pass"], "pass", "Ship ViT-B-0/run0_s13b"),
        (["pass", "warn", "unsure"], "warn", "Cannot tell for 1 of 3 candidates"),
        (["pass", "pass"], "pass", "Ship: none of the 2 candidates fails"),
        (["fail"], "fail", "Do not ship ViT-B-0/run0_s13b"),
        (["fail", "pass"], "fail", "Do not ship ViT-B-0/run0_s13b"),
        (["fail", "fail"], "fail", "Do not ship any of the 2 candidates"),
        (["fail", "pass", "fail"], "fail", "Do not ship 2 of 3 candidates"),
        (["pass", "error"], "fail", "Cannot tell: checks ended in errors"),
        (["skip", "skip"], "none", "Cannot tell: nothing was judged"),
        (["excused"], "none", "Cannot tell: nothing was judged"),
        (["pass", "skip"], "warn", "Cannot tell for ViT-B-1/run1_s13b"),
    ],
)
def test_the_answer_follows_the_statuses(statuses: list[str], tone: str, text: str) -> None:
    head = answer(with_statuses(*statuses))
    assert (head.tone, head.text) == (tone, text)


def test_a_run_without_results_is_no_answer() -> None:
    head = answer(replace(made_up_run(1, 1), results=(), trends=()))
    assert (head.tone, head.text) == ("none", "Cannot tell: nothing was judged")


def test_the_detail_counts_the_checks_that_judged_the_candidates() -> None:
    assert answer(with_statuses("pass")).detail == "1 check judged it: 1 passed."
    assert answer(with_statuses("fail", "unsure")).detail == "1 check judged them in 2 verdicts: 1 failed, 1 unsure."
    assert answer(with_statuses("skip")).detail.startswith("No check came to a verdict")


def test_some_unsure_verdicts_leave_a_candidate_shippable() -> None:
    run = made_up_run(1, 2)
    first, second = run.results
    both = (_with_status(first, "pass"), _with_status(second, "unsure"))
    assert answer(replace(run, results=both)).text == "Ship ViT-B-0/run0_s13b"


def test_what_did_not_judge_is_said() -> None:
    run = made_up_run(1, 2)
    first, second = run.results
    skipped = replace(run, results=(_with_status(first, "pass"), _with_status(second, "skip")))
    assert answer(skipped).remarks == ("1 other check could not judge the candidates.",)
    excused = replace(run, results=(_with_status(first, "pass"), _with_status(second, "excused")))
    assert "1 fail let pass as a known deviation." in answer(excused).remarks


def test_strict_and_cut_short_runs_are_not_green() -> None:
    passed = with_statuses("pass")
    assert answer(replace(passed, strict=True)).tone == "pass"
    assert answer(replace(with_statuses("pass", "skip"), strict=True)).text == "Not green under --robust-strict"
    head = answer(replace(passed, not_run=("a::b",)))
    assert (head.tone, head.text) == ("warn", "Cannot tell: the run is incomplete")
    assert "1 check planned but not run." in head.remarks
    assert "2 verdicts of these suites left out (-k, --lf and the like)." in answer(replace(passed, left_out=2)).remarks


def test_nobody_ships_where_a_suite_could_not_be_read() -> None:
    unread = replace(with_statuses("pass", "fail"), unread=("a.robust.yaml",))
    assert list(answer(unread).fates.values()) == ["cannot tell", "do not ship"]
    assert answer(unread).text == "Do not ship ViT-B-1/run1_s13b"
    passed = replace(with_statuses("pass"), unread=("a.robust.yaml", "b.robust.yaml"))
    assert (answer(passed).tone, answer(passed).text) == ("fail", "Cannot tell: 2 suites could not be read")
    about = [replace(result, about_candidates=False) for result in claims_run().results if result.is_about_groups]
    claims = replace(passed, results=tuple(result for result in about if result.verdict.status == "pass"))
    assert answer(claims).text == "Cannot tell: 2 suites could not be read"


def test_claims_of_papers_do_not_answer_for_candidates() -> None:
    about = [result for result in claims_run().results if result.is_about_groups]
    claims = tuple(replace(result, about_candidates=False) for result in about)
    run = replace(made_up_run(1, 1), results=claims, trends=())
    assert answer(run).text == "2 claims of 4 turned out otherwise than expected"
    held = tuple(result for result in claims if result.verdict.status == "pass")
    assert (answer(replace(run, results=held)).tone, answer(replace(run, results=held)).fates) == ("pass", {})


def test_a_claim_that_fails_leaves_the_answer_and_its_colour_does_not() -> None:
    run = with_statuses("pass")
    wrong = replace(claim("a", effect("fail", 0.02), "holds", "fails"), about_candidates=False)
    head = answer(replace(run, results=(*run.results, wrong)))
    assert (head.tone, head.text) == ("warn", "Ship ViT-B-0/run0_s13b")
    assert head.remarks == ("The run is red all the same: 1 claim about other models turned out otherwise.",)


def test_a_check_on_the_candidates_together_counts() -> None:
    together = claim("a", effect("fail", 0.02))
    run = replace(with_statuses("pass"), results=(together,))
    assert answer(run).text == "Do not ship: a check about the candidates together fails"
    assert answer(replace(run, results=(claim("a", effect("pass", 0.02)),))).text.startswith("Ship: the checks about")


def test_checks_on_the_candidates_together_that_are_all_unsure_ship_nothing() -> None:
    unsure, passed = claim("a", effect("unsure", 0.005)), claim("b", effect("pass", 0.02))
    run = replace(with_statuses("pass"), results=(unsure,))
    assert answer(run).tone == "warn"
    assert answer(run).text == "Cannot tell: the check about the candidates together is unsure"
    assert answer(run).detail == "1 check judged them: 1 unsure."
    assert answer(replace(run, results=(unsure, passed))).tone == "pass"
