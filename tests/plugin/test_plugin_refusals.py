"""What can be seen to fail is refused before anything is measured; what fails at the end is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_makers import GREEN, resolved, run, write

from robustcheck.errors import SetupError
from robustcheck.report import load_run

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")

AGAINST = """\
robustcheck: 1
title: No worse
models: [openclip:ViT-B-32/openai]
checks:
  - id: good
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 40%}
  - id: not-worse
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {no_worse_than: {baseline: mian, allowed_drop: 0.5pp}}
"""


def is_refused(suite: pytest.Pytester, result: pytest.RunResult) -> str:
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = result.stderr.str() + result.stdout.str()
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    assert not list(suite.path.glob("reports/*"))
    return said


def test_an_unset_variable_is_no_run_of_other_models(suite: pytest.Pytester) -> None:
    assert "names no model" in is_refused(suite, run(suite, "--models="))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--robust-device", "gpu"], "did you mean 'cuda'?"),
        (["--robust-device", "cuda:x"], "expected: auto, cpu, cuda"),
        (["--robust-data", "~nobody-of-this-name/sets"], "no user of this machine"),
        (["--robust-store", "x" * 300], "longer than a file system takes"),
    ],
)
def test_an_option_that_cannot_be(pytester: pytest.Pytester, words: list[str], said: str) -> None:
    with pytest.raises(SetupError) as caught:
        resolved(pytester, *words)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--robust-devise=cpu"], "did you mean --robust-device?"), (["--model", "zoo"], "did you mean --models?")],
)
def test_a_misspelt_option_has_a_suggestion(suite: pytest.Pytester, words: list[str], said: str) -> None:
    assert said in is_refused(suite, run(suite, *words))


def test_an_option_like_ours_is_left_to_a_project_that_has_it(suite: pytest.Pytester) -> None:
    suite.makeconftest("def pytest_addoption(parser): parser.addoption('--model')")
    assert run(suite, "--model=x", "--collect-only").ret == pytest.ExitCode.OK
    assert run(suite, "--collect-only", "--nothing-like-it").ret == pytest.ExitCode.USAGE_ERROR


def test_a_suite_of_another_name_is_told_from_a_file_that_is_not_there(suite: pytest.Pytester) -> None:
    write(suite, "mine.yaml", AGAINST)
    write(suite, "notes.yaml", "a: 1")
    assert "rename it to mine.robust.yaml" in run(suite, "mine.yaml").stdout.str()
    assert "rename" not in run(suite, "notes.yaml").stdout.str()
    # Where it is not named, it is somebody's file of any kind.
    assert run(suite, "--collect-only").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_a_baseline_that_is_not_there_is_said_before_anything_is_measured(
    suite: pytest.Pytester, workers: list[str]
) -> None:
    write(suite, "a.robust.yaml", AGAINST)
    said = is_refused(suite, run(suite, *workers))
    assert "a.robust.yaml:10:5: no baseline 'mian'" in said
    assert "bless RUN --as mian" in said
    run(suite, "-k", "good", *workers).assert_outcomes(passed=1)


def test_a_misspelt_baseline_gets_a_suggestion(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", AGAINST)
    run(suite, "-k", "good")
    [report] = (suite.path / "reports").iterdir()
    blessed = suite.path / ".robustcheck" / "baselines" / "main"
    blessed.mkdir(parents=True)
    (report / "run.json").rename(blessed / "run.json")
    report.rename(suite.path / "moved")
    assert "did you mean 'main'?" in is_refused(suite, run(suite))


def test_a_report_that_cannot_be_written_is_said_before_anything_is_measured(suite: pytest.Pytester) -> None:
    (suite.path / "file").write_text("no directory")
    assert "--robust-report DIR" in is_refused(suite, run(suite, "--robust-report", "file"))
    assert "file is not a directory" in is_refused(suite, run(suite, "--robust-store", "file/store"))


@pytest.mark.parametrize("place", ["missing/step.md", "."])
def test_a_step_summary_that_cannot_be_written(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / place))
    assert "GITHUB_STEP_SUMMARY" in is_refused(suite, run(suite))


VANISHING = """
import shutil
from pathlib import Path

def pytest_runtest_teardown(item):
    place = Path({place!r})
    if place.is_dir():
        shutil.rmtree(place)
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")
"""


def test_a_report_that_cannot_be_written_at_the_end_is_said_and_the_summary_kept(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN)
    suite.makeconftest(VANISHING.format(place=str(suite.path / "reports")))
    result = run(suite)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["2 passed", "*cannot write the report*", "*2 passed in *"])
    assert "INTERNALERROR" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_step_summary_that_vanished_is_said_and_the_report_kept(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(suite, "a.robust.yaml", GREEN)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / "ci" / "step.md"))
    (suite.path / "ci").mkdir()
    suite.makeconftest(VANISHING.format(place=str(suite.path / "ci")))
    result = run(suite)
    result.stdout.fnmatch_lines(["*step.md: the step summary cannot be written*", "report: reports/*"])
    assert result.ret == pytest.ExitCode.OK
    assert load_run(next(Path(suite.path, "reports").glob("*/run.json"))).results


def test_a_name_with_a_line_break_is_no_suite(suite: pytest.Pytester) -> None:
    write(suite, "x\n::error::y.robust.yaml", GREEN)
    said = run(suite).stdout.str()
    assert "\n::error" not in said
    assert "cannot name a suite" in said
