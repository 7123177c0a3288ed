"""Suites that cannot be read, beside others that are run all the same: the answer is not that a candidate may ship."""

from __future__ import annotations

import pytest
from plugin_makers import GREEN, run, write

from robustcheck.report import load_run

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")


@pytest.mark.parametrize(
    ("words", "code"),
    [(["-n", "2"], pytest.ExitCode.INTERRUPTED), (["--continue-on-collection-errors"], pytest.ExitCode.TESTS_FAILED)],
    ids=["xdist", "told to go on"],
)
def test_no_candidate_ships_where_a_suite_could_not_be_read(
    suite: pytest.Pytester, words: list[str], code: pytest.ExitCode
) -> None:
    write(suite, "a.robust.yaml", GREEN)
    write(suite, "b.robust.yaml", GREEN.replace("at_least", "at_leest"))
    result = run(suite, *words)
    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == code
    [report] = (suite.path / "reports").iterdir()
    record = load_run(report)
    assert record.unread == ("b.robust.yaml",)
    assert len(record.results) == 2
    for text in (
        result.stdout.str(),
        (report / "summary.md").read_text(encoding="utf-8"),
        (report / "index.html").read_text(encoding="utf-8"),
    ):
        assert "Cannot tell: 1 suite could not be read" in text
        assert "Mistakes keep every check from running in b.robust.yaml." in text
        assert "Ship" not in text


def test_a_directory_that_cannot_be_collected_may_hold_suites(suite: pytest.Pytester) -> None:
    """Nor does pytest collect what stands beside a suite whose name cannot be printed."""
    write(suite, "a.robust.yaml", GREEN)
    (suite.path / "more").mkdir()
    write(suite, "more/b\a.robust.yaml", GREEN)
    run(suite, "--continue-on-collection-errors").assert_outcomes(passed=2, errors=1)
    [report] = (suite.path / "reports").iterdir()
    assert load_run(report).unread == ("more",)
