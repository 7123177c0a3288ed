"""A check that was deleted from a suite is told by the next run: beside the previous one, and beside a baseline."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_makers import GREEN, run, write

from robustcheck.history.baselines import bless

EXTRA = "  - id: v2-more\n    measure: {metric: top1, dataset: imagenet-v2}\n    expect: {at_least: 30%}\n"


def test_a_deleted_check_is_said_in_terminal_page_and_summary(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", GREEN + EXTRA)
    run(pytester, "--robust-report", "first").assert_outcomes(passed=4)
    [first] = (pytester.path / "first").iterdir()
    home = pytester.path / ".robustcheck"
    bless(first, "main", home / "baselines", home / "store" / "samples")
    # A run of a part has the checks of its suites still.
    run(pytester, "-k", "good").stdout.no_fnmatch_line("*smaller*")
    write(pytester, "a.robust.yaml", GREEN)
    said = "The gate is smaller: 1 check that baseline main judged is no longer asked here: v2-more."
    run(pytester, "--robust-report", "second").stdout.fnmatch_lines([said])
    [second] = (pytester.path / "second").iterdir()
    for name in ("index.html", "summary.md"):
        assert said in (Path(second) / name).read_text(encoding="utf-8").replace("\\", "")
