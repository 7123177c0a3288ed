"""The pytest plugin from outside: what a user types, and what pytest then says."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from plugin_makers import GREEN, SUITE, run, run_apart, write

from robustcheck.report import load_run
from robustcheck.values import RunRecord

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")


def statuses(run: RunRecord) -> dict[str, str]:
    return {result.nodeid.partition("::")[2]: result.verdict.status for result in run.results}


def newest(pytester: pytest.Pytester, reports: str = "reports") -> RunRecord:
    return load_run(max((pytester.path / reports).glob("*/run.json")))


EXPECTED = {
    "v2-good[ViT-B-32/openai]": "pass",
    "v2-good[ViT-B-16/openai]": "pass",
    "v2-bad[ViT-B-32/openai]": "fail",
    "v2-bad[ViT-B-16/openai]": "fail",
    "v2-near[ViT-B-32/openai]": "unsure",
    "v2-near[ViT-B-16/openai]": "unsure",
    "v2-warns[ViT-B-32/openai]": "warn",
    "v2-warns[ViT-B-16/openai]": "warn",
}


def test_outcomes_letters_report_and_records_are_the_same_serial_and_parallel(suite: pytest.Pytester) -> None:
    records = []
    for reports, workers in (("serial", []), ("parallel", ["-n", "2"])):
        result = run(suite, *workers, "--robust-report", reports)
        result.assert_outcomes(passed=2, failed=2)
        result.stdout.fnmatch_lines(["*2 failed, 2 passed, 2 * 2 * in *"])
        result.stdout.fnmatch_lines(["*2 failed, 2 unsure, 2 warned, 2 passed", f"report: {reports}/*index.html"])
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert "torch" not in result.stdout.str()
        record = newest(suite, reports)
        assert statuses(record) == EXPECTED
        records.append({result.nodeid: (result.verdict, result.score, result.x) for result in record.results})
    assert records[0] == records[1]


def test_failure_text_is_plain_and_starts_with_the_verdict(suite: pytest.Pytester) -> None:
    result = run(suite, "-k", "v2-bad and ViT-B-32")
    result.stdout.fnmatch_lines(
        [
            "FAIL: top1 55.9% is 24.1 pp below the limit of 80.0% (95% interval 54.9% to 56.9%; n = 10,000)",
            "a.robust.yaml:13:5",
            "*top1 on imagenet-v2 is at least 80%*",
            "*why: It should be this good.",
            'pytest "a.robust.yaml::v2-bad[[]ViT-B-32/openai[]]"',
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "items.py" not in result.stdout.str()


def test_the_rerun_command_runs_that_item_alone(suite: pytest.Pytester) -> None:
    result = run(suite, "a.robust.yaml::v2-good[ViT-B-16/openai]")
    result.assert_outcomes(passed=1)


def test_the_rerun_command_names_the_model_that_the_command_line_chose(suite: pytest.Pytester) -> None:
    command = 'pytest "a.robust.yaml::v2-bad[[]RN50/openai[]]" --models "openclip:RN50/openai"'
    run(suite, "--models", "RN50/openai", "-k", "bad").stdout.fnmatch_lines([command])


def test_selection_by_marker_and_keyword(suite: pytest.Pytester) -> None:
    run(suite, "-m", "easy", "--strict-markers").assert_outcomes(passed=2)
    run(suite, "-k", "ViT-B-16 and good").assert_outcomes(passed=1)


def test_last_failed(suite: pytest.Pytester) -> None:
    suite.runpytest_subprocess().assert_outcomes(passed=2, failed=2)
    result = suite.runpytest_subprocess("--lf")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*6 verdicts of these suites left out (-k, --lf and the like)*"])


def test_exitfirst_leaves_the_rest_as_not_run(suite: pytest.Pytester) -> None:
    result = run(suite, "-x")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*1 failed, 2 passed, 5 not run*"])


def test_collect_only_says_each_sentence_and_writes_nothing(suite: pytest.Pytester) -> None:
    result = run(suite, "--collect-only")
    result.stdout.fnmatch_lines(["*<Check v2-good[[]ViT-B-32/openai[]]: top1 on imagenet-v2 is at least 40%*>"])
    assert not (suite.path / "reports").exists()


def test_junit_has_properties_and_failures(suite: pytest.Pytester) -> None:
    run(suite, "--junitxml", "out.xml")
    cases = ElementTree.parse(suite.path / "out.xml").getroot().findall(".//testcase")
    assert len(cases) == 8
    properties = {item.get("name"): item.get("value") for item in cases[0].findall(".//property")}
    assert properties["robust_status"] == "pass"
    assert properties["robust_value"] == "0.5592"
    assert len([case for case in cases if case.find("failure") is not None]) == 2


def test_models_replaces_the_models_of_the_suite(suite: pytest.Pytester) -> None:
    run(suite, "--models", "RN50/openai,RN101/openai", "-k", "good").assert_outcomes(passed=2)


def test_a_mistaken_model_is_said_once_without_a_traceback(suite: pytest.Pytester) -> None:
    """Not once for each suite: the mistake is the command's, and nothing is read before it is mended."""
    write(suite, "b.robust.yaml", SUITE)
    result = run(suite, "--models", "liaon")
    assert result.stderr.str().count("did you mean 'laion'?") == 1
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_mistaken_model_of_the_configuration_file_is_said_once(suite: pytest.Pytester) -> None:
    write(suite, "b.robust.yaml", SUITE)
    suite.makeini("[pytest]\nrobust_models = liaon\n")
    result = run(suite)
    assert result.stdout.str().count("did you mean 'laion'?") == 1
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_six_mistakes_are_six_errors_with_places(suite: pytest.Pytester, workers: list[str]) -> None:
    write(
        suite,
        "b.robust.yaml",
        """\
        robustcheck: 1
        title: Mistakes
        models: laoin
        checks:
          - id: one
            measure: {metric: top11, dataset: imagenet-v2}
            expect: {at_least: 40%}
          - id: two
            measure: {metric: top1, dataset: imagenet-v22}
            expect: {at_least: 40%}
          - id: three
            measure: {metric: top1, dataset: imagenet-v2}
            expect: {at_leest: 40%}
          - id: four
            measure: {metric: top1, dataset: imagenet-v2}
            expect: {at_least: 40}
          - id: five
            measure: {metric: top1, dataset: imagenet-v2}
            expects: {at_least: 40%}
            expect: {at_least: 40%}
        """,
    )
    result = run(suite, "b.robust.yaml", *workers)
    text = result.stdout.str()
    for place in (
        "b.robust.yaml:3:9:",
        "b.robust.yaml:6:23:",
        "b.robust.yaml:9:38:",
        "b.robust.yaml:13:14:",
        "b.robust.yaml:16:24:",
        "b.robust.yaml:19:5:",
    ):
        assert place in text, place
    for near in ("'laion'", "'top1'", "'imagenet-v2'", "'at_least'", "'expect'"):
        assert f"did you mean {near}" in text, near
    result.stdout.fnmatch_lines(["*mistakes in suites*"])
    assert "Traceback" not in text
    assert result.ret == pytest.ExitCode.INTERRUPTED


MISSING = GREEN.replace("models: [openclip:ViT-B-32/openai, openclip:ViT-B-16/openai]", "models: zoo")


def test_a_missing_data_set_is_a_skip_and_the_run_is_not_green(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", MISSING)
    result = run(suite, "-rs")
    text = result.stdout.str()
    result.stdout.fnmatch_lines(["SKIPPED [[]12[]] a.robust.yaml:5: imagenet-v2*"])
    assert "--robust-data" in text
    result.stdout.fnmatch_lines(["*no check was judged: a run without data is not green*"])
    result.stdout.fnmatch_lines(
        ["12 skipped: 1 data set is not on this machine", "  imagenet-v2: 1 check, 12 models (a)"], consecutive=True
    )
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert set(statuses(newest(suite)).values()) == {"skip"}


def test_strict_turns_skips_and_unsures_red(suite: pytest.Pytester) -> None:
    run(suite, "--robust-strict", "-k", "near").assert_outcomes(failed=2)
    write(suite, "a.robust.yaml", MISSING)
    result = run(suite, "--robust-strict")
    assert result.parseoutcomes()["errors"] > 0
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_named_model_that_is_not_here_is_an_error_and_a_member_of_a_set_a_skip(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN.replace("imagenet-v2", "digits"))
    result = run(suite, "--models", "openclip:ViT-B-32/laion2b_e16", live=True)
    assert result.parseoutcomes()["errors"] == 1
    assert "1 error" in result.outlines
    assert "error" in statuses(newest(suite)).values()
    outcomes = run(suite, "--models", "openclip:ViT-B-32/laion2b_e1*", live=True).parseoutcomes()
    assert outcomes["skipped"] == 1


def test_nothing_is_printed_without_a_suite(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass")
    result = run(pytester)
    result.assert_outcomes(passed=1)
    assert "robustcheck" not in result.stdout.str().split("test session starts")[1].split("collected")[1]
    assert not (pytester.path / "reports").exists()
    assert not (pytester.path / ".robustcheck").exists()


def test_ordinary_tests_run_beside_a_suite(suite: pytest.Pytester) -> None:
    suite.makepyfile("import pytest\n@pytest.mark.parametrize('x', range(6))\ndef test_one(x): pass")
    run(suite, "-n", "2").assert_outcomes(passed=8, failed=2)


def test_the_previous_run_is_compared(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN)
    run(suite)
    write(suite, "a.robust.yaml", GREEN.replace("40%", "80%"))
    run(suite).stdout.fnmatch_lines(["*2 failed, 2 changed since *"])
    assert {(change.before, change.after) for change in newest(suite).changes} == {("pass", "fail")}


def test_applies_to_deselects_and_counts(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN.replace("    tags: [easy]\n", "    applies_to: {architecture: cnn}\n"))
    result = run(suite, "--models", "RN50/openai,ViT-B-32/openai")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*1 passed, 1 not meant for these models*"])


def test_github_gets_a_summary_and_annotations(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / "step.md"))
    result = run(suite)
    result.stdout.fnmatch_lines(["::error file=a.robust.yaml,line=13*"])
    assert "is 24.1 pp below the limit" in (suite.path / "step.md").read_text()


def test_the_judging_run_never_imports_torch(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import sys
        def pytest_unconfigure(config):
            print("HEAVY", sorted({"torch", "open_clip", "transformers", "timm"} & set(sys.modules)))
        """
    )
    run_apart(suite, "-s").stdout.fnmatch_lines(["HEAVY []"])


def test_an_option_that_cannot_be_is_a_usage_error(suite: pytest.Pytester) -> None:
    result = run(suite, "--robust-data", "/nowhere/at/all")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no directory /nowhere/at/all*"])


def test_run_json_is_versioned_json(suite: pytest.Pytester) -> None:
    run(suite)
    record = json.loads(next((suite.path / "reports").glob("*/run.json")).read_text())
    assert record["schema"] == 2
    assert len(record["results"]) == 8
    assert record["command"].startswith("pytest")
