"""A chain of eight baselines, blessed by command from runs on saved predictions: slow loss turns pytest red."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
from plugin_makers import run
from run_makers import make_run
from typer.testing import CliRunner

from robustcheck.cli import app
from robustcheck.measure import MeasureSettings
from robustcheck.report import load_run, write_report
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Result

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from drift_year import suite_of, write_suites, write_week


def judge_week(home: Path, week: int) -> Result:
    """Judge a week as pytest does, and write its report: nine processes would take a minute."""
    write_week(home, week)
    place = home / ".robustcheck"
    settings = RunSettings(MeasureSettings(place / "store"), place / "baselines", home / "reports", directory=home)
    session = RobustSession(settings, date(2026, 11, 22))
    [item] = session.plan(session.load(home / suite_of(week))).items
    result = session.judge(session.gather(item), item.name, 0.0)
    write_report(make_run(result, id=f"week-{week}"), home / "reports" / f"week-{week}")
    return result


def test_a_chain_of_eight_is_red_in_the_week_in_which_the_loss_is_shown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.3 points a week: 2.1 lost by week 7 are not shown to be more than 2; 2.4 by week 8 are, by 2.6 errors."""
    monkeypatch.chdir(pytester.path)
    write_suites(pytester.path)
    for week in range(8):
        assert judge_week(pytester.path, week).verdict.status in ("pass", "unsure", "warn")
        said = CliRunner().invoke(app, ["bless", f"reports/week-{week}", "--as", "main"])
        assert said.exit_code == 0, said.output
    assert "it replaces run week-6; 7 blessed since the origin of its line" in said.output
    assert "since the origin, top1 on imagenet-v2 of weekly: -2.1 pp" in said.output
    write_week(pytester.path, 8)
    done = run(pytester, "--robust-report", "red", suite_of(8))
    done.assert_outcomes(failed=1)
    [result] = load_run(next((pytester.path / "red").iterdir())).results
    assert "is 2.4 pp below the origin of baseline main (weekly, run week-0, 7 blessed since)" in result.verdict.reason
    assert dict(result.verdict.facts)["since the baseline"].endswith(": pass")
