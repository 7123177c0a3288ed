"""The hook that tells other plugins and conftest.py that a run has finished."""

from __future__ import annotations

import pytest
from plugin_makers import GREEN, run, write

CONFTEST = """
def pytest_robustcheck_run_finished(config, run, report):
    statuses = sorted(result.verdict.status for result in run.results)
    assert (report / "run.json").is_file()
    with (config.rootpath / "told.txt").open("a") as file:
        file.write(f"{run.id} {report.name} {' '.join(statuses)}\\n")
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_the_record_is_told_once_after_the_report(suite: pytest.Pytester, workers: list[str]) -> None:
    suite.makeconftest(CONFTEST)
    run(suite, *workers).assert_outcomes(passed=2, failed=2)
    run_id = next((suite.path / "reports").iterdir()).name
    told = (suite.path / "told.txt").read_text()
    assert told == f"{run_id} {run_id} fail fail pass pass unsure unsure warn warn\n"


def test_a_run_that_judged_nothing_is_told_too_and_stays_not_green(suite: pytest.Pytester) -> None:
    suite.makeconftest(CONFTEST)
    result = run(suite, "--robust-evidence", "live")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert " skip skip" in (suite.path / "told.txt").read_text()


@pytest.mark.parametrize("words", [["--collect-only"], ["-k", "nothing"]], ids=["collect-only", "deselected"])
def test_nothing_is_told_when_nothing_ran(suite: pytest.Pytester, words: list[str]) -> None:
    suite.makeconftest(CONFTEST)
    run(suite, *words)
    assert not (suite.path / "told.txt").exists()


def test_a_hook_may_take_less_than_it_is_offered(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN)
    suite.makeconftest("def pytest_robustcheck_run_finished(run):\n    print('finished', len(run.results))")
    run(suite, "-s").stdout.fnmatch_lines(["*finished 2*"])
