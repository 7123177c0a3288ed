"""The table of a model against itself: one row a check, over its models, beside what a comparison's level allows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from aa_table import main, rows_of, section


def ended(check: str, fail: int, *, level: float = 0.01, compared: bool = False) -> dict[str, object]:
    statuses = {"fail": fail, "unsure": 5, "warn": 0, "pass": 35 - fail}
    return {"check": check, "times": 40, "level": level, "against itself": compared, **statuses}


def test_models_of_a_check_share_a_row_and_cases_have_their_own() -> None:
    first, second = rows_of([ended("a[x|m]", 2), ended("a[x|n]", 4), ended("b[m]", 0, compared=True)])
    assert (first.check, first.models, first.nominal) == ("a[x]", 2, None)
    assert (first.red, first.most_red, first.unsure) == pytest.approx((3 / 40, 0.1, 0.125))
    assert str(second) == "| `b` | 1 | at most 1.00% | 0 | 0 | 12.5% | 0 |"


def test_checks_that_never_moved_are_counted_together() -> None:
    still = ended("c[m]", 0) | {"unsure": 0}
    found = {"flips": 0.004, "red": {"m": 4, "n": 0}, "checks": [ended("a[m]", 4), still, still | {"check": "d[n]"}]}
    lines = list(section("suites/some", found, 40))
    assert lines[0] == "`suites/some`, 2 models, 40 times each, 0.4% of the decisions flipped:"
    assert [line for line in lines if line.startswith("| the other 2 |")]
    assert not [line for line in lines if "`c`" in line]
    assert "Any check of a model was red in 5.0% of copies (`m`: 10.0%)." in lines


def test_the_quick_table_is_made_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A published share of 10,000 images against itself, drawn twice: never red at 20 times, and hardly sure."""
    main(["--quick", "--home", str(tmp_path)])
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| `published-figure`"))
    _, _, models, nominal, red, _, unsure, _, _ = (cell.strip() for cell in row.split("|"))
    assert (models, nominal) == ("1", "at most 5.00%")
    assert red in ("0", "5.0%")
    assert float(unsure.rstrip("%")) > 50
