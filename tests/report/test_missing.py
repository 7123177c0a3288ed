"""Skips are one line for each missing data set: on the page, in the summary and in the terminal."""

from __future__ import annotations

from dataclasses import replace

from report_claims import claim
from report_fixtures import made_up_run
from run_makers import make_result, make_run

from robustcheck.report import closing_lines
from robustcheck.report.markdown import summary_markdown
from robustcheck.report.missing import first_reason_line, further_lines, skipped, skips_said, suite_name
from robustcheck.values import Result, RunRecord, Verdict

REASON = "{0} is not on this machine\n  expected: a root\n  to do: get {0} from its homepage"


def missing(result: Result, dataset: str) -> Result:
    return replace(result, verdict=Verdict("skip", REASON.format(dataset), missing=dataset), score=None, x=None)


def run_without_data(models: int = 3) -> RunRecord:
    """Return a run whose second and third check lack data, and a claim that lacks the same."""
    run = made_up_run(models, 3)
    names = {"shift-1": "imagenet-a", "shift-2": "objectnet"}
    cases = [result.check_key.split("[")[1].rstrip("]") for result in run.results]
    results = [
        missing(result, names[case]) if case in names else result
        for result, case in zip(run.results, cases, strict=True)
    ]
    return replace(run, results=(*results, missing(claim("a-claim", Verdict("skip", "")), "objectnet")))


def test_one_entry_for_each_data_set_the_largest_first() -> None:
    found = skipped(run_without_data().results)
    assert [(one.dataset, one.extent) for one in found] == [
        ("objectnet", "1 check, 3 models, 1 claim"),
        ("imagenet-a", "1 check, 3 models"),
    ]
    assert found[0].remedy == "get objectnet from its homepage"
    assert found[0].decides == "1 check, 3 models, 1 claim (natural_shifts, findings)"
    assert skips_said(found) == "7 skipped: 2 data sets are not on this machine"


def test_other_reasons_stand_together_after_the_data_sets() -> None:
    run = run_without_data()
    results = list(run.results)
    for place in (0, 1):
        text = f"{results[place].model.text}: its weights are not on this machine"
        results[place] = replace(results[place], verdict=Verdict("skip", text))
    last = skipped(results)[-1]
    assert (last.dataset, last.name, len(last.results)) == ("", "its weights are not on this machine", 2)


def test_a_reason_is_a_line_and_the_rest_of_it_folds() -> None:
    reason = REASON.format("objectnet")
    assert first_reason_line(reason) == "objectnet is not on this machine"
    assert further_lines(reason) == ["expected: a root", "to do: get objectnet from its homepage"]
    assert suite_name("suites/findings/live.robust.yaml") == "live"


def test_the_summary_has_a_line_for_each_data_set() -> None:
    text = summary_markdown(run_without_data(models=40))
    assert len(text.splitlines()) < 80
    assert "<details><summary>81 skipped: 2 data sets are not on this machine</summary>" in text
    line = "- **imagenet-a** would decide 1 check, 40 models (natural\\_shifts): get imagenet-a from its homepage"
    assert text.count(line) == 1
    assert "○ skip" not in text


def test_the_terminal_says_the_answer_and_what_is_missing() -> None:
    lines = list(closing_lines(run_without_data()))
    assert lines[0].startswith("Ship: none of the 3 candidates fails. 1 check judged them in 3 verdicts: 3 passed.")
    assert lines[1:4] == [
        "7 skipped: 2 data sets are not on this machine",
        "  objectnet: 1 check, 3 models, 1 claim (natural_shifts, findings)",
        "  imagenet-a: 1 check, 3 models (natural_shifts)",
    ]
    assert "datasets.local.yaml" in lines[4]
    assert len(list(closing_lines(made_up_run(1, 1)))) == 1


def test_the_terminal_names_what_warns_and_what_is_unsure() -> None:
    reasons = {"warn": "beyond the warn limit of 90.0%: top1 55.9%", "unsure": "top1 55.9% is at the limit"}
    verdicts = [Verdict(status, reason, value=0.559) for status, reason in reasons.items()]  # type: ignore[arg-type]
    run = make_run(*(make_result(verdict=verdict) for verdict in (*verdicts, *[verdicts[0]] * 10)))
    assert [line for line in closing_lines(run) if line.startswith("  ")] == [
        *["  warned: a-check on ViT-B-32/openai: beyond the warn limit of 90.0%: top1 55.9%"] * 10,
        "  and 1 more warned in the report",
        "  unsure: a-check on ViT-B-32/openai: top1 55.9% is at the limit",
    ]
